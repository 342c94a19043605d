#include "solver/engine/specs_to_read.hpp"

#include <string>
#include <utility>

namespace aimlock::engine {
namespace {

MatchSpec named(std::string name) {
    MatchSpec spec;
    spec.name = std::move(name);
    return spec;
}

}  // namespace

std::vector<MatchSpec> specs_to_read(const TargetRequest& request, const NameMap& name_map, bool to_explain) {
    std::vector<MatchSpec> specs;
    for (const CondaRoot& root : request.conda) specs.push_back(root.spec);
    // PyPI's packages need a Python, which is conda's where a channel has one.
    if (!request.pypi.empty() || to_explain) specs.push_back(named("python"));
    if (request.target.cuda_compat) specs.push_back(named("cuda-compat"));
    if (!to_explain) return specs;
    // A repair may take a PyPI requirement's package from conda.
    for (const PypiRoot& root : request.pypi) {
        specs.push_back(named(root.requirement.name));
        for (std::string& name : name_map.conda_names(root.requirement.name))
            specs.push_back(named(std::move(name)));
    }
    return specs;
}

}  // namespace aimlock::engine
