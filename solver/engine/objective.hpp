#pragma once

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// The better answer that `--resolution highest` stands for: the oldest direct requirement is as new as
/// possible, then the next oldest, and so on. A version is as old as its first upload. libsolv's first answer
/// is valid, but which of two direct requirements gives way in it is an accident of their order, and what
/// gives way may fall back by years.
///
/// Every step is a solve of the whole request in which no direct requirement may be older than a date; a step
/// without a solution is the proof that nothing newer exists. `first` solves `roots`; the result does as
/// well.
Result<Solved> improve(TargetSolver& solver, const Roots& roots, Solved first);

}  // namespace aimlock::engine
