#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// A run of bytes of a file.
struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
};

/// Where a ZIP's central directory lies; read from the last bytes of the file.
struct ZipDirectory {
    ByteRange range;
    std::uint64_t entries = 0;
};
/// `tail` are the last bytes of a file of `file_size` bytes. Fails with code `integrity` where it is no ZIP,
/// and where bytes lie behind its end record.
Result<ZipDirectory> find_zip_directory(std::string_view tail,
                                        std::uint64_t file_size,
                                        const std::string& what);

/// One member of a ZIP.
struct ZipMember {
    std::string name;
    std::uint64_t header_at = 0;  ///< of its local header
    std::uint64_t compressed = 0;
    std::uint64_t size = 0;
    unsigned method = 0;  ///< 0 stored, 8 deflate
    std::uint32_t crc = 0;
};
/// All members, in the directory's order.
Result<std::vector<ZipMember>> list_zip_members(std::string_view directory,
                                                const ZipDirectory& where,
                                                const std::string& what);
/// How many bytes stand before a member's content, where `bytes` begin at its local header and hold it whole;
/// nullopt: they do not.
std::optional<std::size_t> zip_member_head(const ZipMember& member, std::string_view bytes);
/// The one `<name>-<version>.dist-info/METADATA` at the top of a wheel. Fails where there is none or more
/// than one.
Result<ZipMember> find_metadata_member(std::string_view directory,
                                       const ZipDirectory& where,
                                       const std::string& what);

/// The member's content. `bytes` begin at its local header; `missing` is set, and an empty text returned,
/// where they end too early: the size they need to have.
Result<std::string> read_zip_member(const ZipMember& member,
                                    std::string_view bytes,
                                    const std::string& what,
                                    std::optional<std::uint64_t>& missing);

/// METADATA of a whole wheel in memory.
Result<std::string> metadata_of_wheel(std::string_view wheel, const std::string& what);

}  // namespace aimlock
