#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/archive/mapped_file.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// A document as the cache keeps it.
struct CachedDocument {
    std::int32_t status = 200;  ///< 200, or 404: it is remembered that a document does not exist
    std::string url;            ///< the one that answered, without credentials
    std::string etag;           ///< of a file: what it looked like when it was read
    std::string last_modified;
    std::string content_type;
    std::string coding;  ///< of `body`: "", "gzip", "zstd", or the name of a condensed form ("page 1")
    std::int64_t fetched_at_s = 0;  ///< since 1970
    std::int64_t lifetime_s = 0;    ///< fresh this long without asking
    std::string_view body;          ///< of a document that was found: lies in `held`, at a multiple of 64
    std::shared_ptr<const MappedFile> held;

    /// False once its lifetime is over, and where the clock ran backwards since.
    [[nodiscard]] bool fresh_at(std::int64_t now_s) const;
};

/// Documents on disk, one file each: `http/<2 hex digits>/<sha256 of the key>`. Files are written under
/// temporary names and renamed, and never change afterwards but for the 24 bytes that say how long they are
/// fresh. All of a file is under checksums: what is torn, edited or of another version counts as absent.
/// Thread-safe, and safe among processes; nobody locks. Nothing in it is secret: keys are URLs without
/// credentials.
class HttpCache {
public:
    /// `folder` is the cache folder of the product; it is made at the first write.
    explicit HttpCache(std::filesystem::path folder);

    /// nullopt: absent, torn or of another version.
    [[nodiscard]] std::optional<CachedDocument> find(std::string_view key) const;
    Result<void> store(std::string_view key, const CachedDocument& document) const;
    /// Gives the stored document of `key` another lifetime and leaves the rest: the answer to a 304.
    Result<void> renew(std::string_view key, std::int64_t fetched_at_s, std::int64_t lifetime_s) const;
    /// The file that holds `key`.
    [[nodiscard]] std::filesystem::path file_of(std::string_view key) const;

private:
    std::filesystem::path folder_;
};

/// Reads one file of the cache, whatever its key; nullopt where it is not whole. `key` receives its key.
/// Without `whole` only what stands before the body is checked.
std::optional<CachedDocument> read_cached_document(const std::filesystem::path& file,
                                                   std::string* key = nullptr,
                                                   bool whole = true);

}  // namespace aimlock
