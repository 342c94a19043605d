#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// What became of an archive on disk.
enum class ArchiveState { absent, damaged, whole };

/// Compares a file's size and sha256 with the lock's. Fails with code `io` where it is there and cannot be
/// read.
Result<ArchiveState> check_archive(const std::filesystem::path& file, const Package& package);

/// The end of an archive's file name by the package's kind and URL: ".conda", ".tar.bz2", ".whl", ".tar.gz",
/// ".zip", or ".tar" for the tree of a git commit.
std::string_view archive_end(const Package& package);
/// "<sha256><end>": from the lock, never from a server.
std::string archive_name(const Package& package);
/// `<folder>/ab/<archive_name>`.
std::filesystem::path archive_path(const std::filesystem::path& folder, const Package& package);

/// "numpy 1.26.4 (https://…)": how messages call a package.
std::string shown_package(const Package& package);

/// An exclusive lock on `<file>.lock`, held while one process downloads `file`. Not waited for.
class ArchiveLock {
public:
    /// `held()` is false where another holds it. Fails with code `io` where the file system cannot lock.
    static Result<ArchiveLock> try_take(const std::filesystem::path& file);
    ArchiveLock() = default;
    ArchiveLock(ArchiveLock&& other) noexcept;
    ArchiveLock& operator=(ArchiveLock&& other) noexcept;
    ArchiveLock(const ArchiveLock&) = delete;
    ArchiveLock& operator=(const ArchiveLock&) = delete;
    /// Removes the lock's file: whoever waited for it finds the archive.
    ~ArchiveLock();
    [[nodiscard]] bool held() const { return fd_ >= 0; }

private:
    std::filesystem::path file_;
    int fd_ = -1;
};

}  // namespace aimlock
