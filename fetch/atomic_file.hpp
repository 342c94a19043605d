#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// A file under a temporary name beside its destination; gone with the object unless it was committed.
class AtomicFile {
public:
    /// Opens `<destination>.<pid>.<n>.part`, making the folders above it.
    static Result<AtomicFile> create(const std::filesystem::path& destination);
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    Result<void> write(std::string_view bytes);
    /// Throws away what was written: a download begins again.
    Result<void> restart();
    /// Renames to the destination. Readers see the old file or the whole new one. `durable`: flushed to the
    /// disk first.
    Result<void> commit(bool durable = false);

private:
    AtomicFile() = default;

    std::filesystem::path destination_;
    std::filesystem::path temporary_;
    int fd_ = -1;
};

/// An Error of code `io` for `path` and the current errno: "PATH: cannot write: no space left on device".
Error io_error(const std::filesystem::path& path, std::string_view doing);

/// Writes a whole file atomically.
Result<void> write_file_atomically(const std::filesystem::path& destination, std::string_view content);

}  // namespace aimlock
