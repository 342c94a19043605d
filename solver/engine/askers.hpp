#pragma once

#include <vector>

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// Conda records of an answer that carry a distribution and that nothing asks for which begins at the
/// request: records that ask for each other, or for one of which libsolv installed somebody who asks for it.
/// Where there are such, adds to `round` what refuses them (one of them needs an asker from outside) and is
/// true: the round must be solved again. `installed` is ascending.
bool refuse_unasked(EncodedRound& round, const std::vector<SolvableId>& installed);

}  // namespace aimlock::engine
