#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "image/oci/blob_writer.hpp"
#include "image/oci/tar_header.hpp"

namespace aimlock {

/// A member with what it holds.
struct LayerEntry {
    LayerMember member;
    std::filesystem::path source;  ///< a file's bytes; empty: `content`
    std::string content;
};

/// What lies below `root`, folders before what is in them, in the order of the paths' bytes. Modes become
/// 0644 and 0755 whatever the umask was, owners 0:0; files of one inode become hard links of the first.
Result<std::vector<LayerEntry>> entries_below(const std::filesystem::path& root);

/// Writes `entries` as one layer, or as several where one would exceed `limit_bytes` stored: cut between two
/// files, the next part beginning with the folders that it needs. Where the cut falls depends on the entries
/// alone. `file`: where a part is written to, by its number.
Result<std::vector<LayerBlob>> write_layer_blobs(
    const std::vector<LayerEntry>& entries,
    LayerCompression compression,
    std::uint64_t limit_bytes,
    BlockPool& pool,
    const std::function<std::filesystem::path(std::size_t part)>& file);

}  // namespace aimlock
