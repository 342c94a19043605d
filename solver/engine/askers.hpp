#pragma once

#include <vector>

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// What of an answer nothing asks for that begins at the request: records that ask for each other, and what
/// libsolv installed only so that somebody asks for a record, or names a release. Where there is such, adds
/// to `round` what refuses it (one of them needs an asker from outside) and is true: the round must be solved
/// again. `installed` is ascending.
bool refuse_unasked(EncodedRound& round, const std::vector<SolvableId>& installed);

}  // namespace aimlock::engine
