#include "image/replay/file_lock.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/replay/output_file.hpp"

namespace aimlock {

Result<FileLock> FileLock::acquire(const std::filesystem::path& file) {
    for (;;) {
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (descriptor < 0) return errno_failure("create", file.string());
        FileLock lock(descriptor, {});
        while (::flock(descriptor, LOCK_EX) != 0) {
            if (errno != EINTR) return errno_failure("lock", file.string());
        }
        // The one before us removed the file: ours has no name any more, and the next to come would not see
        // it.
        struct stat held {};
        struct stat named {};
        const bool same = ::fstat(descriptor, &held) == 0 && ::lstat(file.c_str(), &named) == 0 &&
                          held.st_ino == named.st_ino && held.st_dev == named.st_dev;
        if (!same) continue;
        lock.file_ = file;
        return lock;
    }
}

FileLock::FileLock(FileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), file_(std::move(other.file_)) {}

FileLock::~FileLock() {
    if (descriptor_ < 0) return;
    if (!file_.empty()) ::unlink(file_.c_str());
    ::close(descriptor_);
}

}  // namespace aimlock
