#pragma once

#include <optional>
#include <string>
#include <vector>

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// A sentence for each chosen conda record that is a build for the CPU where its name has builds for CUDA,
/// with the newest of them that the target's driver and Python take.
std::vector<std::string> cpu_records(TargetSolver& solver, const Solved& solved);

/// A sentence for a chosen wheel that runs on the CPU only, where another requirement gives one that does
/// not. nullopt: it is none that is known.
std::optional<std::string> cpu_wheel(TargetSolver& solver, const Package& package, const Solution& solution);

}  // namespace aimlock::engine
