#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "solver/model/solution.hpp"

namespace aimlock {

/// The packages that have to be built, each behind those that it needs for that. Where two need each other
/// the first by name comes first.
std::vector<const Package*> build_order(std::span<const Package* const> packages);

/// The names of all PyPI packages that building `package` needs, directly or through what those require:
/// names of the lock, whatever markers say.
std::set<std::string> needed_to_build(const Package& package, std::span<const Package* const> packages);

}  // namespace aimlock
