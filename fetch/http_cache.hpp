#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// A document as the cache keeps it.
struct CachedDocument {
    long status = 200;  ///< 200, or 404: it is remembered that a document does not exist
    std::string url;    ///< the one that answered, without credentials
    std::string etag;
    std::string last_modified;
    std::string content_type;
    std::string coding;             ///< of `body`: "", "gzip" or "zstd"
    std::int64_t fetched_at_s = 0;  ///< since 1970
    std::int64_t lifetime_s = 0;    ///< fresh this long without asking
    std::string body;

    /// False once its lifetime is over, and where the clock ran backwards since.
    [[nodiscard]] bool fresh_at(std::int64_t now_s) const;
};

/// Documents on disk, one file each: `http/<2 hex digits>/<sha256 of the key>`. Files are written under
/// temporary names and renamed; each ends with a checksum, so that a torn or edited file counts as absent.
/// Thread-safe, and safe among processes. Nothing in it is secret: keys are URLs without credentials.
class HttpCache {
public:
    /// `folder` is the cache folder of the product; it is made at the first write.
    explicit HttpCache(std::filesystem::path folder);

    /// nullopt: absent, torn or of another format.
    [[nodiscard]] std::optional<CachedDocument> find(std::string_view key) const;
    Result<void> store(std::string_view key, const CachedDocument& document) const;
    /// The file that holds `key`.
    [[nodiscard]] std::filesystem::path file_of(std::string_view key) const;

private:
    std::filesystem::path folder_;
};

}  // namespace aimlock
