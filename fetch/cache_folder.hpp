#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// What lies in the cache folder.
enum class CacheKind : std::uint8_t {
    repodata,  ///< of conda channels, packed
    pages,     ///< of PyPI indexes, packed
    metadata,  ///< of wheels, packed
    absences,  ///< what servers said that they do not have
    other,     ///< documents that are read as they are, and what an older version left
    archives,  ///< packages
    leftovers  ///< of downloads and writes that were interrupted
};
inline constexpr std::size_t cache_kinds = 7;

/// "pages", "metadata", …
std::string_view cache_kind_name(CacheKind kind);

struct CacheEntry {
    std::filesystem::path file;
    CacheKind kind = CacheKind::other;
    std::uint64_t bytes = 0;
    std::filesystem::file_time_type last_used;  ///< read or written
};

/// The cache folder of the product as people look at it, verify it and make it smaller. Other processes may
/// use it at the same time: entries that vanish under way are left out, files that they hold open live on.
class CacheFolder {
public:
    explicit CacheFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
    /// All files, sorted by path. A folder that is not there is empty.
    [[nodiscard]] Result<std::vector<CacheEntry>> entries() const;
    /// False where the entry is not what its checksum, or the SHA-256 that it is named by, says. What an
    /// interrupted process left is damaged. Documents of older versions are not.
    [[nodiscard]] static bool is_whole(const CacheEntry& entry);
    /// A document that an older version of the program wrote, in a form that nobody reads any more.
    [[nodiscard]] static bool is_outdated(const CacheEntry& entry);
    struct Removed {
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
    };
    /// Removes entries. What a running process is about to finish is left alone.
    [[nodiscard]] static Removed remove(const std::vector<CacheEntry>& entries);

private:
    std::filesystem::path folder_;
};

/// "30d", "12h", "90m", "10s"; nullopt for other texts.
std::optional<std::chrono::seconds> parse_age(std::string_view text);

}  // namespace aimlock
