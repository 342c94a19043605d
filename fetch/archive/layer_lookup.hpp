#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "solver/base/result.hpp"

namespace aimlock {

/// What an image's root folder has at a path.
struct RootEntry {
    enum class Kind : std::uint8_t { absent, file, folder, other } kind = Kind::absent;
    unsigned mode = 0;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::string content;  ///< of a file, up to a megabyte
};

/// Paths of an image, relative to its root; nullopt: no layer that was read said anything of it.
using RootLookup = std::map<std::string, std::optional<RootEntry>>;

/// Answers what is open in `lookup` and what the layer `file` (a tar, plain or compressed by gzip or zstd)
/// decides: by an entry, or by a whiteout or another kind of file in the place of a folder above. Layers are
/// read from the topmost down.
Result<void> look_up_in_layer(const std::filesystem::path& file, RootLookup& lookup);

/// Unpacks the regular files and links of an archive that `docker save` or `podman save` wrote into `folder`.
/// Names that leave it are refused, as is more than `most_bytes`.
Result<void> unpack_saved_image(const std::filesystem::path& archive,
                                const std::filesystem::path& folder,
                                std::uint64_t most_bytes);

}  // namespace aimlock
