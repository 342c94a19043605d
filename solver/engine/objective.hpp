#pragma once

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// The best answer, by the policy that the README states: what is preferred is kept; then, with
/// `--resolution highest`, the oldest direct requirement is as new as possible, then the next oldest, and so
/// on; then each direct requirement in the manifest's order has its best version, and at last no other
/// package can have a better one without another becoming worse.
///
/// Each of these is proven by a trial without a solution: a solve of the whole request that asks for any
/// improvement at all. `stats.objective_complete` says whether every proof was reached. `first` solves
/// `roots`; the result does as well.
Result<Solved> improve(TargetSolver& solver, const Roots& roots, Solved first);

/// What keeps every preferred version where it is (`TargetRequest::preferred`), as the goals of a first try.
Goals keep_everything(TargetSolver& solver);

}  // namespace aimlock::engine
