#pragma once

#include <optional>
#include <vector>

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// What is installed in a solution of an encoded round, ascending; nullopt: it has none. Of the steps of a
/// trial the first that has a solution is taken; a step that is certain leaves pruning little for libsolv to
/// search, and most steps nothing. `spent_ms` grows by the time in libsolv.
std::optional<std::vector<SolvableId>> solve_round(const EncodedRound& round, double& spent_ms);

}  // namespace aimlock::engine
