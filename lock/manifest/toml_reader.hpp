#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

struct TomlEntry;

/// One value of a TOML document, with its place. Tables keep the order of the document.
struct TomlNode {
    enum class Kind : std::uint8_t { text, integer, flag, real, time, array, table } kind = Kind::table;
    std::string text;  ///< of a text; what the document says for a real or a time
    std::int64_t integer = 0;
    bool flag = false;
    std::vector<TomlNode> items;     ///< of an array
    std::vector<TomlEntry> entries;  ///< of a table
    SourcePos pos;                   ///< of the value; of a text: its first byte behind the quote
};

struct TomlEntry {
    std::string key;
    SourcePos pos;
    TomlNode value;
};

/// Reads a TOML document of at most 4 MiB. Fails on syntax, at the first fault, and on more than 64 levels.
Result<TomlNode> read_toml(std::string_view text, const std::string& file);

}  // namespace aimlock
