#pragma once

#include <atomic>
#include <optional>
#include <set>
#include <string>

#include "fetch/package_store.hpp"
#include "fetch/session.hpp"

namespace aimlock {

struct PackageDownloadOptions {
    /// Hosts (with port) that package URLs may name: those of the lock's channels, their base_url's, and
    /// those that index pages named. nullopt: any. Redirects are followed beyond: the hash holds the bytes.
    std::optional<std::set<std::string>> hosts;
    unsigned threads = 0;   ///< that call `ready`; 0: one per processor
    unsigned at_once = 24;  ///< downloads under way
};

/// Archives from `store/` in the cache folder, each checked against the lock's sha256 whenever it is used,
/// and what is missing from the network. `file://` URLs and plain paths are read where they lie. A download
/// that breaks goes on where it ended; among processes that share a cache, one downloads an archive and the
/// others wait for it.
class PackageDownload final : public PackageStore {
public:
    PackageDownload(FetchSession& session, PackageDownloadOptions options);

    Result<void> provide(std::span<const Package* const> packages,
                         const Ready& ready,
                         Progress& progress) override;
    [[nodiscard]] Counts counts() const override;
    /// The folder of the archives.
    [[nodiscard]] std::filesystem::path folder() const { return session_.cache_dir() / "store"; }

private:
    class Run;
    FetchSession& session_;
    PackageDownloadOptions options_;
    std::atomic<std::uint64_t> from_store_{0};
    std::atomic<std::uint64_t> downloaded_{0};
    std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace aimlock
