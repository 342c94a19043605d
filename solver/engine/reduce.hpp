#pragma once

#include <vector>

#include "solver/engine/problem.hpp"
#include "solver/engine/prune.hpp"

namespace aimlock::engine {

/// A smaller problem with the same answers: `kept` maps its solvables to those of the problem it came from.
struct Reduced {
    Problem problem;
    std::vector<SolvableId> kept;
};

/// What libsolv has to see of a problem whose pruning found no contradiction:
///
/// - only live solvables that something live may ask for;
/// - forced keys as jobs, after those that were there, and as nobody's requirement: they will be met;
/// - one key for each set of providers;
/// - of solvables of one name that ask for the same, those that no better ranked one can stand for: one that
///   meets whatever they meet and is refused only where they are, too.
///
/// libsolv pairs all solvables of a name, so the cost of a solve is the square of what is left here. Exact: a
/// solution of either problem is one of the other, but for a better ranked stand-in.
Reduced reduce(const Problem& problem, const Pruning& pruning);

}  // namespace aimlock::engine
