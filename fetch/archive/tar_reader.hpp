#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// One entry of a tar.
struct TarEntry {
    enum class Kind : std::uint8_t { regular, directory, symlink, hardlink } kind = Kind::regular;
    std::string path;  ///< normal form of `safe_entry_path`
    std::string link;  ///< symlink: its text as it is; hardlink: normal form
    std::uint64_t size_bytes = 0;
    bool executable = false;  ///< the owner's execute bit: all that is kept of the mode
};

enum class TarCompression : std::uint8_t { zstd, bzip2, gzip, none };

/// Reads a compressed tar in memory from its beginning to its end. Only regular files, folders, symlinks and
/// hard links are let through: everything else (devices, sparse files, unknown types) is an error, as is a
/// name or a hard link that leaves the root.
class TarReader {
public:
    /// `bytes` must outlive the reader. More than `most_bytes` of file content is an error.
    static Result<TarReader> open(std::string_view bytes,
                                  TarCompression compression,
                                  std::uint64_t most_bytes);
    ~TarReader();
    TarReader(TarReader&&) noexcept;
    TarReader& operator=(TarReader&&) noexcept;
    TarReader(const TarReader&) = delete;
    TarReader& operator=(const TarReader&) = delete;

    /// The next entry, nullopt at the end. Content that was not read is skipped.
    Result<std::optional<TarEntry>> next();
    /// The next piece of the entry's content, valid until the next call; empty at its end.
    Result<std::string_view> read();
    /// All of the entry's content that was not read yet.
    Result<std::string> read_all();

private:
    struct State;
    explicit TarReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace aimlock
