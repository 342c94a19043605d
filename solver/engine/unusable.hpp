#pragma once

#include <set>
#include <string>

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// Why nothing meets a requirement, as one sentence, and what of the target is to blame.
struct Unusable {
    std::string sentence;
    bool python = false;                 ///< another Python would have it
    bool channel_priority = false;       ///< a channel of lower priority has it
    bool prerelease = false;             ///< a pre-release would do
    std::set<std::string> sources = {};  ///< projects that have sources only, which may not be built
};

/// Of a PyPI requirement, written `asked`: no such project, withdrawn, pre-releases, another Python, no
/// wheel, sdists only, after the cut-off.
Unusable unusable_releases(TargetSolver& solver, const PypiDependency& dependency, const std::string& asked);

/// Of a conda spec, written `asked`: no such package, a channel that priority shuts out, another platform,
/// after the cut-off.
Unusable unusable_records(TargetSolver& solver, SpecId spec, const std::string& asked);

}  // namespace aimlock::engine
