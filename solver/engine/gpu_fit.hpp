#pragma once

#include <optional>
#include <utility>

#include "solver/engine/cuda_limits.hpp"
#include "solver/model/gpu_code.hpp"

namespace aimlock {

/// Whether `code` runs on `gpu` with a driver that supports CUDA `driver` (nullopt: with any).
bool runs_on(const GpuArchitecture& code,
             engine::ComputeCapability gpu,
             std::optional<std::pair<unsigned, unsigned>> driver);

/// The newest PTX that a driver of this CUDA version compiles: 12.9 -> 8.8.
std::pair<unsigned, unsigned> newest_ptx(std::pair<unsigned, unsigned> cuda);

}  // namespace aimlock
