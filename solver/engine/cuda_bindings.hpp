#pragma once

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// NVIDIA's Python bindings come in releases for each CUDA major under one name, and most requirements on
/// them fix none: the newest would stand beside libraries of another major. Gives `first` with bindings of
/// the environment's major (without one, of the driver's) where that has an answer, else as it is.
Result<Solved> with_bindings_of_cuda_major(TargetSolver& solver, const Roots& roots, Solved first);

}  // namespace aimlock::engine
