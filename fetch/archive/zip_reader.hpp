#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// One member of a ZIP.
struct ZipEntry {
    std::string path;  ///< normal form of `safe_entry_path`; equal to the name in the archive
    std::uint64_t size_bytes = 0;
    std::uint64_t stored_bytes = 0;
    std::uint32_t crc = 0;
    bool deflated = false;
    bool executable = false;
    bool directory = false;
    std::uint64_t content_offset = 0;
};

/// A ZIP in memory that every reader understands in one way. ZIP names each member twice, in front of its
/// content and in a directory at the end, and programs differ in which they believe; so `open` holds both
/// against each other, and refuses any byte that neither accounts for: members without a directory line, two
/// members of one name, bytes before, between and after, an end record hidden in a comment, sizes that
/// differ, encryption, links, backslashes in names. And libarchive must read the same members.
class ZipReader {
public:
    /// `bytes` must outlive the reader. More than `most_bytes` of content is an error.
    static Result<ZipReader> open(std::string_view bytes, std::uint64_t most_bytes);

    /// In the directory's order.
    [[nodiscard]] const std::vector<ZipEntry>& entries() const { return entries_; }
    /// Null when there is none.
    [[nodiscard]] const ZipEntry* find(std::string_view path) const;

    /// Gives the content of `entry` to `sink`, in one piece up to 256 MiB, in several above. Fails on a wrong
    /// size or CRC, then after the sink has seen the bytes.
    Result<void> read(const ZipEntry& entry, const std::function<Result<void>(std::string_view)>& sink) const;
    /// The content of a small member; an error above `most_bytes`.
    Result<std::string> read_all(const ZipEntry& entry, std::uint64_t most_bytes) const;
    /// The content of a member that is stored as it is, without a copy; its CRC is not checked.
    Result<std::string_view> stored(const ZipEntry& entry) const;

private:
    std::string_view bytes_;
    std::vector<ZipEntry> entries_;
};

}  // namespace aimlock
