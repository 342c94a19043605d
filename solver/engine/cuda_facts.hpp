#pragma once

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// What an answer means for drivers and GPUs, its packages being in `solution`.
CudaFacts cuda_facts_of(TargetSolver& solver, const Solved& solved, const Solution& solution);

}  // namespace aimlock::engine
