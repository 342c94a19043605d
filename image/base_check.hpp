#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layers.hpp"
#include "lock/lockfile.hpp"
#include "lock/manifest/manifest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// CUDA's libraries among the packages of a target, by world.
struct CudaCopies {
    std::vector<std::string> conda;   ///< names, sorted
    std::vector<std::string> wheels;  ///< names, sorted
    std::uint64_t conda_bytes = 0;    ///< of the downloads
    std::uint64_t wheel_bytes = 0;
    bool overlap = false;  ///< a library comes from both worlds
};
CudaCopies cuda_copies(const Lock& lock, const std::string& target);

/// Looks at the base that an image is to be built on. Refuses a digest that is none, and a tag of NVIDIA's
/// without a patch release, which does not exist: the one that does is named. Returns what is worth a
/// warning: tags that are gone or will be, CUDA that is in the image more than once, with its size and the
/// smaller base.
Result<std::vector<std::string>> check_base(const Lock& lock,
                                            const LayerPlan& plan,
                                            const ImageManifest& image);

/// "nvidia/cuda:12.4-runtime-ubuntu22.04" -> "nvidia/cuda:12.4.1-base-ubuntu22.04": the smaller image of the
/// same release, `version` in the place of its own; empty where the tag is of another form.
std::string smaller_cuda_base(const std::string& reference, const std::string& version);

}  // namespace aimlock
