#pragma once

#include <string>
#include <vector>

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// For a core, every smaller part of which has a solution: a package that one of its requirements needs at
/// some versions and the others at none of these, a sentence for either side. Empty where no package says it.
///
/// It is told by solving, not by following dependencies: "a needs p 1.0" means that there is no solution for
/// a without p, nor with another version of it.
std::vector<std::string> meeting_point(TargetSolver& solver, const Roots& core);

}  // namespace aimlock::engine
