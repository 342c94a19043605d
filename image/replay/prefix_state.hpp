#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "image/replay/file_lock.hpp"
#include "lock/inventory.hpp"
#include "lock/lockfile.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What aimlock notes in a prefix that it filled: conda-meta/aimlock-lock, with `.PART` at its end for a
/// part. No
/// `.json`: conda, mamba and rattler take every such file of conda-meta for a package.
struct PrefixMarker {
    std::string target;
    std::string prefix;
    Sha256 packages;  ///< of all that decides the prefix's content
    std::vector<const Package*>
        wheels;  ///< written only: their archives' hashes, which no other record has room for
};

/// Path of the marker relative to the prefix. Parts of one environment (layers of an image) have one each.
std::string marker_path(const std::string& part);
/// Whether `folder` has a marker, of a whole environment or of a part.
bool has_marker(const std::filesystem::path& folder);
/// Writes and syncs it.
Result<void> write_marker(const std::filesystem::path& folder,
                          const std::string& path,
                          const PrefixMarker& marker);
/// nullopt when there is none, or none that can be read.
std::optional<PrefixMarker> read_marker(const std::filesystem::path& folder, const std::string& path);

/// The right to change one prefix, held across processes until the end of the scope. While it is held, nobody
/// else stages into the prefix's neighbourhood.
class PrefixGuard {
public:
    /// Waits for other installations into `prefix`; creates its parent folders, and removes what killed ones
    /// left.
    static Result<PrefixGuard> acquire(const std::filesystem::path& prefix);

private:
    explicit PrefixGuard(FileLock lock) : lock_(std::move(lock)) {}
    FileLock lock_;
};

/// A new folder beside a prefix, removed with all in it unless it was put in the prefix's place.
class StagingFolder {
public:
    static Result<StagingFolder> create(const std::filesystem::path& prefix);
    ~StagingFolder();
    StagingFolder(StagingFolder&& other) noexcept;
    StagingFolder& operator=(StagingFolder&&) = delete;
    StagingFolder(const StagingFolder&) = delete;
    StagingFolder& operator=(const StagingFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Makes it the prefix, in one step where the file system can exchange two folders; what was there is
    /// removed.
    Result<void> put_in_place();

private:
    StagingFolder(std::filesystem::path path, std::filesystem::path prefix)
        : path_(std::move(path)), prefix_(std::move(prefix)) {}
    std::filesystem::path path_;
    std::filesystem::path prefix_;
};

/// How a prefix differs from its own records.
struct PrefixChanges {
    std::vector<std::string> edited;  ///< changed or missing, sorted
    std::vector<std::string> extra;   ///< of no package; byte code beside a known source is not counted
};
PrefixChanges changes_of(const Inventory& inventory);

/// Gives `staged` a second name for (or a copy of) every file of `extra` that lies in `prefix` and has no
/// rival there.
Result<void> carry_over(const std::filesystem::path& prefix,
                        const std::filesystem::path& staged,
                        const std::vector<std::string>& extra);

}  // namespace aimlock
