#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace aimlock {

/// "bytes 100-199/1000".
struct ContentRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  ///< behind the last byte
    std::uint64_t total = 0;
};
/// nullopt where the header's value is no range within its total.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace aimlock
