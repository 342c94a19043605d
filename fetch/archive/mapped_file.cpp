#include "fetch/archive/mapped_file.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aimlock {

Result<MappedFile> MappedFile::open(const std::filesystem::path& file) {
    const auto refused = [&] {
        return fail(ErrorCode::io, fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
    };
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return refused();
    struct stat status {};
    void* start = MAP_FAILED;
    std::size_t size = 0;
    if (::fstat(descriptor, &status) == 0) {
        size = static_cast<std::size_t>(status.st_size);
        if (size == 0 && S_ISREG(status.st_mode)) {
            ::close(descriptor);
            return MappedFile(std::string_view{});
        }
        start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    }
    const int error = errno;
    ::close(descriptor);
    errno = error;
    if (start == MAP_FAILED) return refused();
    ::madvise(start, size, MADV_SEQUENTIAL);
    return MappedFile(std::string_view(static_cast<const char*>(start), size));
}

MappedFile::~MappedFile() {
    if (bytes_.empty()) return;
    // munmap takes void*, and a string_view is what everyone else wants to see.
    ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace aimlock
