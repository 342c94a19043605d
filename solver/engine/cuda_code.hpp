#pragma once

#include <optional>
#include <string>
#include <vector>

#include "solver/engine/cuda_limits.hpp"
#include "solver/engine/cuda_wheels.hpp"
#include "solver/engine/target_solver.hpp"

// Facts that only the libraries of a wheel tell: which CUDA they load, which GPUs they have code for. What
// was read of the wheel itself comes before the table of wheels that were read once (cuda_wheels.hpp).

namespace aimlock::engine {

/// The CUDA that a release loads without its metadata saying so; nullopt: none, or it is not known.
std::optional<SilentCuda> silent_cuda_of(const Project& project,
                                         const Release& release,
                                         const CudaLimits& limits);

/// The first GPU of the fleet that a release has no code for. What was read in part refuses nothing.
std::optional<ComputeCapability> gpu_without_code(const Project& project,
                                                  const Release& release,
                                                  const CudaLimits& limits);

/// "it was built for 7.5 8.0": the evidence of `gpu_without_code`, for a message; empty: none.
std::string code_evidence(const Project& project, const Release& release);

/// Whether the libraries of a wheel of it were read, in part at least.
bool is_code_known(const Release& release);

/// Reads the wheels of an answer that are for GPUs by name or metadata and of which it is not known whether
/// they run on the target. True where that refuses one of them: the target has to be solved again.
bool read_chosen_code(TargetSolver& solver, const Solved& solved);

/// A solve whose chosen wheels are read, as an answer's are; nullopt: no solution, or none in a few readings.
Result<std::optional<Solved>> attempt_that_runs(TargetSolver& solver, const Roots& roots);

/// What could not be found out about the wheels of an answer.
std::vector<std::string> unread_code(TargetSolver& solver, const Solved& solved);

}  // namespace aimlock::engine
