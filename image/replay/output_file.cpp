#include "image/replay/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aimlock {
namespace {

struct Descriptor {
    int number;
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

}  // namespace

tl::unexpected<Error> errno_failure(std::string_view doing, std::string_view file) {
    return fail(ErrorCode::io, fmt::format("cannot {} {}: {}", doing, file, std::strerror(errno)));
}

bool umask_takes_bits() {
    // umask(2) can only be read by setting it, which other threads would see.
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("Umask:")) return (std::stoul(line.substr(6), nullptr, 8) & 0755U) != 0;
    }
    return true;
}

std::int64_t changed_ns_of(const struct ::stat& status) {
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

Result<OutputFile> OutputFile::create(int folder, const std::string& name, Mode wanted) {
    const ::mode_t mode = wanted.executable ? 0755 : 0644;
    // O_EXCL: a claimed path is free, and a link in its place must never be followed.
    const int descriptor =
        ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (descriptor < 0) return errno_failure("create", name);
    OutputFile file(descriptor, name, wanted.notes_time);
    if (wanted.in_spite_of_umask && ::fchmod(descriptor, mode) != 0)
        return errno_failure("set the mode of", name);
    return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      notes_time_(other.notes_time_),
      name_(std::move(other.name_)),
      digest_(std::move(other.digest_)) {}

OutputFile::~OutputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> OutputFile::append(std::string_view bytes) {
    digest_.update(bytes);
    while (!bytes.empty()) {
        const ::ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return errno_failure("write", name_);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<OutputFile::Written> OutputFile::finish() {
    Written written;
    if (notes_time_) {
        struct stat status {};
        if (::fstat(descriptor_, &status) != 0) return errno_failure("read", name_);
        written.changed_ns = changed_ns_of(status);
    }
    if (::close(std::exchange(descriptor_, -1)) != 0) return errno_failure("write", name_);
    written.sha256 = digest_.finish();
    return written;
}

Result<void> copy_below(
    int from, const std::string& name, int to, const std::string& place, OutputFile::Mode mode) {
    const Descriptor in{::openat(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (in.number < 0) return errno_failure("read", name);
    const ::mode_t bits = mode.executable ? 0755 : 0644;
    const Descriptor out{
        ::openat(to, place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, bits)};
    if (out.number < 0) return errno_failure("create", place);
    if (mode.in_spite_of_umask && ::fchmod(out.number, bits) != 0)
        return errno_failure("set the mode of", place);
    if (::ioctl(out.number, FICLONE, in.number) == 0) return {};
    for (;;) {
        const ::ssize_t copied =
            ::copy_file_range(in.number, nullptr, out.number, nullptr, std::size_t{1} << 30U, 0);
        if (copied == 0) return {};
        if (copied < 0 && errno != EINTR) return errno_failure("copy", place);
    }
}

Result<FolderHandle> FolderHandle::open(const std::string& folder) {
    FolderHandle handle;
    handle.descriptor_ = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (handle.descriptor_ < 0) return errno_failure("open", folder);
    return handle;
}

FolderHandle::~FolderHandle() {
    if (descriptor_ >= 0) ::close(descriptor_);
}
FolderHandle::FolderHandle(FolderHandle&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
FolderHandle& FolderHandle::operator=(FolderHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

}  // namespace aimlock
