#include "solver/version/sort_key.hpp"

#include <cstdint>

namespace aimlock {
namespace {

constexpr unsigned zero_byte = 0x88;
constexpr unsigned last_small = 87;
constexpr unsigned sized_number = 0xE0;
constexpr unsigned long_number = 0xFD;
constexpr std::size_t digits_in_64_bits = 19;

void append_byte(std::string& key, std::uint64_t byte) {
    key += static_cast<char>(byte & 0xFFU);
}

}  // namespace

void append_key_number(std::string& key, std::string_view digits) {
    if (digits.size() > digits_in_64_bits) {
        append_byte(key, long_number);
        for (unsigned shift = 64; shift != 0; shift -= 8)
            append_byte(key, std::uint64_t{digits.size()} >> (shift - 8));
        key += digits;
        return;
    }
    std::uint64_t value = 0;
    for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value <= last_small) {
        append_byte(key, zero_byte + value);
        return;
    }
    unsigned bytes = 1;
    while (bytes < 8 && (value >> (8 * bytes)) != 0) ++bytes;
    append_byte(key, sized_number + bytes);
    for (; bytes != 0; --bytes) append_byte(key, value >> (8 * (bytes - 1)));
}

std::size_t key_number_size(std::string_view key) {
    const unsigned first = static_cast<unsigned char>(key.front());
    if (first <= sized_number) return 1;
    if (first != long_number) return 1 + (first - sized_number);
    std::uint64_t digits = 0;
    for (std::size_t i = 1; i <= 8; ++i) digits = digits << 8U | static_cast<unsigned char>(key[i]);
    return 9 + digits;
}

}  // namespace aimlock
