#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "solver/spec/requirement.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// The requirements of a release, parsed: those that hold without any extra on some Python of the target, and
/// those that an extra adds.
struct RequirementsByUse {
    std::vector<Requirement> always;
    std::vector<Requirement> of_extras;
};

/// The CUDA major that a distribution is made for, as its name, version and requirements tell it without any
/// byte of its wheels; nullopt where they are silent. The first evidence that answers wins:
/// - NVIDIA's carriers name it by their `-cuNN` suffix or, since 2025-08, by having none (CUDA 13); a
///   library's own version says nothing (CUDA 13 brings cufft 12); `cuda-toolkit` by its version;
/// - a local version: `+cu126`, while `+cpu` says that there is none;
/// - the name of any project: cupy-cuda12x, transformer-engine-cu13, nvidia-dali-cuda120;
/// - a requirement on `cuda-toolkit` that pins it;
/// - for a project that is for GPUs only by its name (`-gpu`), extras that nobody asked for, where all that
///   name a carrier agree.
/// Requirements on other carriers need no evidence here: they bring the carrier itself.
std::optional<unsigned> cuda_major_of(std::string_view normalized_name,
                                      const Pep440Version& version,
                                      const RequirementsByUse& requirements = {});

/// The major that asking for this requirement asks for: by the name, by a `cuda-toolkit` bound that fixes
/// it, by an extra such as `cuda13`. nullopt: none is named.
std::optional<unsigned> cuda_major_asked_by(const Requirement& requirement);

/// 12 of "12" and "126", 11 of "118".
std::optional<unsigned> cuda_major_of_digits(std::string_view digits);

/// True for tools that come in a build for each CUDA major and install beside each other
/// (nvidia-cutlass-dsl-libs-cu13, nvidia-cuda-nvcc-cu12): neither their names nor their extras mean a major.
bool is_cuda_neutral(std::string_view normalized_name);

/// True for NVIDIA's carriers, of any major.
bool is_cuda_library(std::string_view normalized_name);

/// True for a carrier that loads its CUDA lazily, and so is allowed in an environment without a driver (nccl,
/// by xgboost).
bool loads_cuda_lazily(std::string_view normalized_name);

/// True for the empty uploads that hold a carrier's name (nvidia-cuda-runtime 0.0.0a0): never an answer.
bool is_cuda_placeholder(std::string_view normalized_name, const Pep440Version& version);

/// NVIDIA's Python bindings, which come in a release for each CUDA major under one name: they should be those
/// of the environment's major and need not be.
inline constexpr std::array<std::string_view, 2> cuda_bindings_names{"cuda-bindings", "cuda-python"};
bool follows_cuda_major(std::string_view normalized_name);

/// For a distribution whose builds for different majors install the same files (nvidia-cudnn-cu12 and -cu13):
/// the name without its major. Empty: builds of it may stand beside each other.
std::string_view cuda_file_family(std::string_view normalized_name);

}  // namespace aimlock::engine
