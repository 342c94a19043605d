#include "solver/engine/encoding_rules.hpp"

#include <algorithm>

namespace aimlock::engine {

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
