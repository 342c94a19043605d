#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "solver/spec/requirement.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// The CUDA major that a distribution is made for, as its name, version and requirements tell it without any
/// byte of its wheels; nullopt where they are silent. NVIDIA's carriers name it by their `-cuNN` suffix, or,
/// since 2025-08, by having none (CUDA 13); `cuda-toolkit` by its version; a local version `+cu126` too; a
/// GPU-only project by a requirement on one of these carriers. A library's own version says nothing (CUDA 13
/// brings cufft 12).
std::optional<unsigned> cuda_major_of(std::string_view normalized_name,
                                      const Pep440Version& version,
                                      const std::vector<Requirement>& unconditional_requirements);

/// True for a carrier that loads its CUDA lazily, and so is allowed in an environment without a driver (nccl,
/// by xgboost).
bool loads_cuda_lazily(std::string_view normalized_name);

/// True for the empty uploads that hold a carrier's name (nvidia-cuda-runtime 0.0.0a0): never an answer.
bool is_cuda_placeholder(std::string_view normalized_name, const Pep440Version& version);

}  // namespace aimlock::engine
