#pragma once

#include <filesystem>

#include "solver/base/result.hpp"

namespace aimlock {

/// An exclusive lock across processes, held until the end of the scope. Its file is gone afterwards.
class FileLock {
public:
    /// Waits for whoever holds it. Fails where the file cannot be made, or its file system cannot lock.
    static Result<FileLock> acquire(const std::filesystem::path& file);
    ~FileLock();
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

private:
    FileLock(int descriptor, std::filesystem::path file) : descriptor_(descriptor), file_(std::move(file)) {}
    int descriptor_;
    std::filesystem::path file_;
};

}  // namespace aimlock
