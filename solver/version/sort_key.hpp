#pragma once

#include <string>
#include <string_view>

namespace aimlock {

// Versions of both worlds are compared by a key: bytes made once, at parsing, whose byte order is the order
// of the versions. Numbers may have any length, so a number is written as
//   0 … 87        one byte, 0x88 + number
//   to 19 digits  how many bytes, then the bytes of the number, highest first
//   longer        0xFD, how many digits (8 bytes), the digits
// which is a prefix code in numeric order. Bytes below 0x88 and 0xFE, 0xFF are free for the two schemes.

inline constexpr std::string_view key_of_zero = "\x88";

/// Appends a number. `digits` has no leading zeros; empty is 0.
void append_key_number(std::string& key, std::string_view digits);

/// The number of bytes that the number at the front of `key` takes.
std::size_t key_number_size(std::string_view key);

}  // namespace aimlock
