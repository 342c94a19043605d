#pragma once

#include <string>
#include <vector>

#include "solver/engine/encoding.hpp"
#include "solver/engine/target_solver.hpp"
#include "solver/engine/unusable.hpp"

namespace aimlock::engine {

/// Sentences from lines of the manifest to a contradiction, one a line.
struct ReasonChain {
    std::vector<std::string> lines;
    bool names_cuda = false;  ///< a CUDA driver or major has to do with it
    Unusable blamed;          ///< what else of the target has to do with it
};

/// The reasons why `round`, which has no solution, has none: what follows from its requirements, or, where
/// that alone is no contradiction, what comes of each candidate of one requirement. Empty where neither says
/// it.
ReasonChain reason_chain(TargetSolver& solver, EncodedRound& round);

}  // namespace aimlock::engine
