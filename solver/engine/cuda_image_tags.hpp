#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aimlock {

/// What is known of NVIDIA's images of one CUDA release. Their policy: only the newest patch release is
/// updated, a release ends with the driver that it came with, and its tags are deleted six months later.
struct CudaImageTag {
    enum class State : std::uint8_t {
        unknown,     ///< newer than this table, or no release
        current,     ///< the newest patch of a release that was not known to have ended
        superseded,  ///< an older patch
        ended,       ///< no longer updated: tags are deleted, or will be
        deleted,     ///< tags are known to be gone
    } state = State::unknown;
    std::string newest;  ///< patch of the same release, "12.4.1" for "12.4" and "12.4.0"; empty: not known
};

/// `version` of a tag: "12.4.1", or "12.4", which never was a tag of its own.
CudaImageTag cuda_image_tag(std::string_view version);

}  // namespace aimlock
