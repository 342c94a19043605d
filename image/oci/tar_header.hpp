#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aimlock {

/// One member of a layer.
struct LayerMember {
    enum class Kind : std::uint8_t { file, folder, symlink, hardlink } kind = Kind::file;
    std::string path;  ///< relative to the image's root, no `/` at either end
    std::string link;  ///< symlink: its text; hardlink: the path of a member before it
    std::uint64_t size_bytes = 0;
    unsigned mode = 0644;
    std::uint32_t user = 0;
    std::uint32_t group = 0;

    friend bool operator==(const LayerMember&, const LayerMember&) = default;
};

/// The blocks before a member's content: ustar, and a pax header where ustar cannot say it (long or non-ASCII
/// paths, big numbers). Every member has one time (fixed_times.hpp) and no names of user and group: the same
/// member is the same bytes on every machine.
std::string tar_header(const LayerMember& member);

/// The zeros that fill a content of `size_bytes` up to a whole block.
std::string_view tar_padding(std::uint64_t size_bytes);

/// The zeros at a tar's end.
std::string_view tar_end();

}  // namespace aimlock
