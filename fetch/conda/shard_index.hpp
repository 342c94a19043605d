#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fetch/conda/repodata.hpp"

namespace aimlock {

/// Which names a sharded subdir has, and the digest of each name's shard (CEP 16), as it lies in the cache.
struct ShardIndex {
    std::string base_url;         ///< of packages, ends with '/'
    std::string shards_base_url;  ///< ends with '/' where the index says so
    ChannelRelations relations;
    std::span<const std::uint32_t> name_ends;  ///< name i is bytes [ends[i - 1], ends[i]); names ascend
    std::span<const Sha256> digests;           ///< one a name
    std::string_view name_bytes;
    std::shared_ptr<const void> held;  ///< what the rest views

    [[nodiscard]] std::size_t size() const { return digests.size(); }
    [[nodiscard]] std::string_view name(std::size_t i) const;
    /// The digest of the shard of `name`; null: the subdir has no such name.
    [[nodiscard]] const Sha256* find(std::string_view name) const;
    [[nodiscard]] std::string shard_url(const Sha256& digest) const {
        return shards_base_url + digest.hex() + ".msgpack.zst";
    }
};

/// To be counted up when the packed layout changes.
std::string packed_shard_index_form();

/// Reads `repodata_shards.msgpack.zst` and packs it. Fails with code `repodata` on a damaged document, one of
/// another version, a name twice, and an address where a server may not lead.
Result<std::string> pack_shard_index(std::string_view bytes, const RepodataOrigin& origin);

/// Opens a packed index, which `held` keeps alive and which begins at a multiple of 8. nullopt: it is
/// damaged.
std::optional<ShardIndex> open_shard_index(std::string_view packed, std::shared_ptr<const void> held);

/// Reads the shard of one name, whose digest the index gives, into the packed form that the cache holds.
/// Records of other names are left out with a warning. Fails with code `integrity` on another digest, with
/// `repodata` on what is damaged.
Result<std::string> pack_shard(std::string_view bytes,
                               const Sha256& digest,
                               std::string_view name,
                               const RepodataOrigin& origin);

}  // namespace aimlock
