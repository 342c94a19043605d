#include "solver/engine/encoding_rules.hpp"

#include <algorithm>
#include <array>

namespace aimlock::engine {
namespace {

constexpr std::array<unsigned, 4> cuda_majors{11, 12, 13, 14};

}  // namespace

void exclude_other_cuda(EncodedRound& round,
                        const CondaPart& conda,
                        const std::map<unsigned, KeyId>& cuda_keys) {
    for (const unsigned major : cuda_majors) {
        std::vector<SolvableId> others;
        for (const auto& [other, key] : cuda_keys) {
            if (other == major) continue;
            const auto& providers = round.problem.keys[key];
            others.insert(others.end(), providers.begin(), providers.end());
        }
        if (others.empty()) continue;
        std::ranges::sort(others);
        const KeyId key = round.add_key({KeyMeaning::Kind::not_cuda, major, 0}, std::move(others));
        for (const auto& [own, solvable] : conda.cuda_versions) {
            if (own == major) round.problem.solvables[solvable].conflicts.push_back(key);
        }
    }
}

void bound_carriers(EncodedRound& round,
                    const CondaPart& conda,
                    PypiWorld& pypi,
                    const ReleaseFilter& filter) {
    std::vector<SolvableId> refused;
    for (const auto& [project, bounds] : filter.bounds) {
        const auto identity = conda.identities.find(pypi[project].name);
        if (identity == conda.identities.end()) continue;
        for (const auto& [version, solvable] : identity->second) {
            const bool fits = std::ranges::all_of(
                bounds, [&](std::uint32_t set) { return pypi.specifier_set(set).admits(version); });
            if (!fits) refused.push_back(solvable);
        }
    }
    if (refused.empty()) return;
    std::ranges::sort(refused);
    const KeyId key = round.add_key({KeyMeaning::Kind::not_spec, 0, 0}, std::move(refused));
    const std::uint32_t name = round.problem.add_name("c:pypi-constraints");
    const auto solvable = static_cast<SolvableId>(round.problem.solvables.size());
    round.problem.solvables.push_back({name, 1, {}, {key}});
    round.origins.push_back({Origin::Kind::constraints, 1, 0, 0, no_extra});
    round.problem.jobs.push_back(round.add_key({KeyMeaning::Kind::not_spec, 0, 0}, {solvable}));
}

}  // namespace aimlock::engine
