#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

struct stat;

namespace aimlock {

/// Whether the process's umask takes a bit that files must have (0644, 0755).
bool umask_takes_bits();

/// A new file below an open folder, hashed while it is written.
class OutputFile {
public:
    struct Mode {
        bool executable = false;
        bool in_spite_of_umask = false;
        bool notes_time = false;  ///< costs one call more
    };
    struct Written {
        Sha256 sha256;
        std::int64_t changed_ns = 0;  ///< its time, where it was to be noted
    };

    /// `name` is relative to `folder`, an open descriptor. Nothing may be there.
    static Result<OutputFile> create(int folder, const std::string& name, Mode mode);
    ~OutputFile();
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    Result<void> append(std::string_view bytes);
    /// Closes it.
    Result<Written> finish();

private:
    OutputFile(int descriptor, std::string name, bool notes_time)
        : descriptor_(descriptor), notes_time_(notes_time), name_(std::move(name)) {}
    int descriptor_;
    bool notes_time_;
    std::string name_;
    Sha256Stream digest_;
};

/// An open folder.
class FolderHandle {
public:
    FolderHandle() = default;
    static Result<FolderHandle> open(const std::string& folder);
    ~FolderHandle();
    FolderHandle(FolderHandle&& other) noexcept;
    FolderHandle& operator=(FolderHandle&& other) noexcept;
    FolderHandle(const FolderHandle&) = delete;
    FolderHandle& operator=(const FolderHandle&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_ = -1;
};

/// A copy of the file `name` of the folder `from` as `place` of the folder `to`, sharing its content where
/// the file system can.
Result<void> copy_below(
    int from, const std::string& name, int to, const std::string& place, OutputFile::Mode mode);

/// A file's time of change, from its status.
std::int64_t changed_ns_of(const struct ::stat& status);

/// An Error of code `io` for the current errno: "cannot create bin/x: No space left on device".
tl::unexpected<Error> errno_failure(std::string_view doing, std::string_view file);

}  // namespace aimlock
