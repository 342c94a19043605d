#include "fetch/atomic_file.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace aimlock {

Error io_error(const std::filesystem::path& path, std::string_view doing) {
    const int code = errno;
    const std::string reason = std::generic_category().message(code);
    std::string hint;
    if (code == ENOSPC || code == EDQUOT) hint = "Free space on this file system, or name another folder";
    return Error{ErrorCode::io,
                 fmt::format("{}: cannot {}: {}", path.string(), doing, reason),
                 {{}, 0, 0},
                 std::move(hint)};
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& destination) {
    static std::atomic<unsigned> serial{0};
    std::error_code failed;
    std::filesystem::create_directories(destination.parent_path(), failed);
    if (failed) {
        errno = failed.value();
        return tl::make_unexpected(io_error(destination.parent_path(), "make the folder"));
    }
    AtomicFile file;
    file.destination_ = destination;
    file.temporary_ = fmt::format("{}.{}.{}.part", destination.string(), ::getpid(), ++serial);
    file.fd_ = ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file.fd_ < 0) return tl::make_unexpected(io_error(file.temporary_, "create"));
    return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : destination_(std::move(other.destination_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return tl::make_unexpected(io_error(destination_, "write"));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> AtomicFile::restart() {
    if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0)
        return tl::make_unexpected(io_error(destination_, "rewind"));
    return {};
}

Result<void> AtomicFile::commit(bool durable) {
    if (durable && ::fsync(fd_) != 0) return tl::make_unexpected(io_error(destination_, "flush"));
    if (::close(std::exchange(fd_, -1)) != 0) {
        const Error error = io_error(destination_, "close");
        ::unlink(temporary_.c_str());
        return tl::make_unexpected(error);
    }
    if (::rename(temporary_.c_str(), destination_.c_str()) != 0) {
        const Error error = io_error(destination_, "rename into place");
        ::unlink(temporary_.c_str());
        return tl::make_unexpected(error);
    }
    return {};
}

Result<void> write_file_atomically(const std::filesystem::path& destination, std::string_view content) {
    auto file = AtomicFile::create(destination);
    if (!file) return tl::make_unexpected(file.error());
    if (auto written = file->write(content); !written) return written;
    return file->commit();
}

}  // namespace aimlock
