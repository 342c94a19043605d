#pragma once

#include <vector>

#include "solver/engine/pypi_world.hpp"

namespace aimlock::engine {

/// The upper bounds that a release lacks and newer releases of the same major have: of each distribution that
/// it requires without one, the bound of the nearest newer release whose metadata is known. A release that
/// was published before a bound was known is compatible by its metadata only (pandas 2.1.1 with numpy 2.5).
/// Nothing is fetched for it.
std::vector<DependencyId> inherited_bounds(PypiWorld& pypi, ProjectId project, ReleaseId release);

}  // namespace aimlock::engine
