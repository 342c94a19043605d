#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// The value of one line: a text, a number, a flag or a list of texts.
using LockValue = std::variant<std::string, std::uint64_t, bool, std::vector<std::string>>;

/// `key = value`.
struct LockEntry {
    std::string key;
    LockValue value;
    std::uint32_t line = 0;  ///< the key stands at its column 1
    std::uint32_t value_column = 0;
};

/// `[[name]]` and the lines below it; the lines before the first block are one with an empty name.
struct LockBlock {
    std::string name;
    std::uint32_t line = 0;
    std::vector<LockEntry> entries;
};

/// Splits a lock into blocks. The lock's layout is a small part of TOML, one key a line, and this reads that
/// part only: each text it accepts means the same to every TOML reader, it has no depth to exhaust, and it
/// knows each line and column. Fails on everything else: CR LF, a byte order mark, control characters, bytes
/// that are not UTF-8, a key twice, merge conflict markers, multi-line values, nested tables.
Result<std::vector<LockBlock>> read_lock_lines(std::string_view text, const std::string& file);

/// The length of the valid UTF-8 sequence that `text` begins with; 0 where it begins with none.
std::size_t utf8_sequence(std::string_view text);

}  // namespace aimlock
