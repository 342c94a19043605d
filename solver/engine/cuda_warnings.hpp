#pragma once

#include <string>
#include <vector>

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// What people should know of an answer's CUDA: a build for the CPU on a target with GPUs (and what to ask
/// for), a wheel of which nobody says what it needs, majors that are mixed. One sentence each, in the order
/// of the solution's packages.
std::vector<std::string> cuda_warnings(TargetSolver& solver, const Solved& solved, const Solution& solution);

}  // namespace aimlock::engine
