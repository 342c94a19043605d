#include "fetch/archive_store.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/archive/mapped_file.hpp"
#include "fetch/atomic_file.hpp"
#include "fetch/url.hpp"

namespace aimlock {

Result<ArchiveState> check_archive(const std::filesystem::path& file, const Package& package) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return ArchiveState::absent;
        return tl::make_unexpected(io_error(file, "open"));
    }
    if (!S_ISREG(status.st_mode) ||
        (package.size_bytes != 0 && static_cast<std::uint64_t>(status.st_size) != package.size_bytes)) {
        return ArchiveState::damaged;
    }
    const auto mapped = MappedFile::open(file);
    if (!mapped) return tl::make_unexpected(mapped.error());
    return sha256_of(mapped->bytes()) == package.sha256 ? ArchiveState::whole : ArchiveState::damaged;
}

std::string_view archive_end(const Package& package) {
    if (package.kind == PackageKind::pypi) {
        switch (package.artifact) {
            case ArtifactKind::wheel:
                return ".whl";
            case ArtifactKind::sdist:
                return std::string_view(package.url).ends_with(".zip") ? ".zip" : ".tar.gz";
            case ArtifactKind::git:
                return ".tar";
        }
    }
    return std::string_view(package.url).ends_with(".conda") ? ".conda" : ".tar.bz2";
}

std::string archive_name(const Package& package) {
    return package.sha256.hex().append(archive_end(package));
}

std::filesystem::path archive_path(const std::filesystem::path& folder, const Package& package) {
    const std::string name = archive_name(package);
    return folder / name.substr(0, 2) / name;
}

std::string shown_package(const Package& package) {
    return package.name + " " + package.version + " (" + shown_url(package.url) + ")";
}

Result<ArchiveLock> ArchiveLock::try_take(const std::filesystem::path& file) {
    ArchiveLock lock;
    lock.file_ = file;
    lock.file_ += ".lock";
    std::error_code failed;
    std::filesystem::create_directories(file.parent_path(), failed);
    const int fd = ::open(lock.file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return tl::make_unexpected(io_error(lock.file_, "create"));
    int rc = 0;
    do rc = ::flock(fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0) {
        lock.fd_ = fd;
        return lock;
    }
    const bool busy = errno == EWOULDBLOCK;
    const Error error = io_error(lock.file_, "lock");
    ::close(fd);
    if (busy) return lock;
    return tl::make_unexpected(error);
}

ArchiveLock::ArchiveLock(ArchiveLock&& other) noexcept
    : file_(std::move(other.file_)), fd_(std::exchange(other.fd_, -1)) {}

ArchiveLock& ArchiveLock::operator=(ArchiveLock&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(fd_, other.fd_);
    return *this;
}

ArchiveLock::~ArchiveLock() {
    if (fd_ < 0) return;
    ::unlink(file_.c_str());
    ::close(fd_);
}

}  // namespace aimlock
