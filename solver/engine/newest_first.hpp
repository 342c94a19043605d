#pragma once

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// A first answer for `roots` in which the oldest direct requirement on PyPI is as new as it can be; nullopt:
/// there is no answer at all.
///
/// Dates are known before metadata is: a solve in which no direct requirement may be older than a date never
/// reads what is older. From the newest date that every requirement could have by itself, the date is lowered
/// only as far as what was read since then proves that it must: without it, a requirement whose newest
/// releases do not fit is walked down through years of releases that nothing bounds yet. With a large conda
/// half it is `TargetSolver::attempt`.
Result<std::optional<Solved>> attempt_newest_first(TargetSolver& solver, const Roots& roots);

}  // namespace aimlock::engine
