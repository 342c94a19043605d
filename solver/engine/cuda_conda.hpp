#pragma once

#include <optional>
#include <string_view>

namespace aimlock::engine {

/// The CUDA major that a conda record fixes for its environment: cuda-version, cudatoolkit, cuda-cudart,
/// pytorch-cuda and the like by their version, other records by a build string such as
/// `py3.12_cuda12.4_cudnn9.1.0_0` or `cuda129_mkl_py313_h0`: in the older channels that is all they say.
std::optional<unsigned> cuda_major_of_record(std::string_view name,
                                             std::string_view version,
                                             std::string_view build);

}  // namespace aimlock::engine
