#pragma once

#include "solver/engine/grades.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// A first answer for `roots` in which direct requirements stay near their newest dates; nullopt: there is no
/// answer at all.
///
/// Dates are known before metadata is, so each round wishes for them: of releases that cannot be together the
/// newest gives way, to the next older one. Without it libsolv steps down whichever it decided last, and a
/// requirement whose newest releases do not fit is walked down through years of releases that nothing bounds
/// yet.
Result<std::optional<Solved>> attempt_newest_first(TargetSolver& solver, const Roots& roots);

}  // namespace aimlock::engine
