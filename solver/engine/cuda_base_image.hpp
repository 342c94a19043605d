#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/model/solution.hpp"

namespace aimlock {

/// What the reference of a base image tells of the image: "nvidia/cuda:12.2.2-runtime-ubuntu22.04".
struct BaseImage {
    std::string cuda;            ///< "12.2.2"; empty: it brings none, or does not say so
    bool is_nvidias = false;     ///< the repository `nvidia/cuda` or a copy of it
    bool has_libraries = false;  ///< brings CUDA's libraries (runtime, devel), not the runtime library alone
    bool has_compiler = false;   ///< devel
    std::string glibc;           ///< "2.35"; empty: not known
};
BaseImage read_base_image(std::string_view reference);

/// The CUDA major of a solution; nullopt: it has none.
std::optional<unsigned> cuda_major_of(const Solution& solution);

/// How a base image and a solution do not go together: CUDA that the driver does not run, or of another
/// major, or there twice; a C library older than the target's. One sentence each.
std::vector<std::string> base_image_warnings(const std::string& reference, const Solution& solution);

}  // namespace aimlock
