#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fetch/environment.hpp"
#include "fetch/registry/reference.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

struct PushSettings {
    std::filesystem::path layout;  ///< of one image
    RegistryReference reference;
    std::vector<std::string> mount_from;  ///< further repositories of the same registry
    Environment environment;
    unsigned connections = 4;
};

struct PushedImage {
    std::string digest;
    std::uint64_t present = 0;  ///< blobs that were there
    std::uint64_t mounted = 0;
    std::uint64_t uploaded = 0;
    std::uint64_t uploaded_bytes = 0;
};

/// Brings the image of a layout into a registry: what is there is left alone, what another repository of the
/// registry has (the base's, those named) is mounted, the rest is sent, the manifest at last.
Result<PushedImage> push_image(const PushSettings& settings, Progress& progress);

}  // namespace aimlock
