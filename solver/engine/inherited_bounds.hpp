#pragma once

#include <string>
#include <vector>

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// The upper bounds that a release lacks and newer releases of the same major have: of each distribution that
/// it requires without one, the bound of the nearest newer release whose metadata is known. A release that
/// was published before a bound was known is compatible by its metadata only (pandas 2.1.1 with numpy 2.5).
/// Nothing is fetched for it.
///
/// Of a release whose own metadata is not known, all upper bounds of the nearest newer one that is known:
/// else the unknown would be the way out of every bound.
std::vector<DependencyId> inherited_bounds(PypiWorld& pypi, ProjectId project, ReleaseId release);

/// The inherited bounds that an answer does not hold to, in words: "pandas 2.1.1 with numpy 2.5.0: newer
/// releases want numpy <2".
std::vector<std::string> bounds_not_held(TargetSolver& solver, const Solved& solved);

}  // namespace aimlock::engine
