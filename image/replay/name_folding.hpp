#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aimlock {

/// A key that is equal for two paths which some file system takes for one: letter case ignored and composed
/// letters taken apart. Covers ASCII, Latin-1 and Latin Extended-A with their combining marks, and the case
/// of Greek and Cyrillic; other scripts keep their bytes.
std::string folded_path(std::string_view path);
/// A hash of that key.
std::uint64_t folded_hash(std::string_view path);

}  // namespace aimlock
