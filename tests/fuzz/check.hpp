#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// Ends the run with the input kept, where something that must hold does not.
#define FUZZ_CHECK(condition)                                                    \
    do {                                                                         \
        if (!(condition)) {                                                      \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                        \
        }                                                                        \
    } while (false)

namespace aimlock::fuzz {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};  // NOLINT: bytes are texts here
}

/// The lines of an input: several values in one, to hold against each other.
inline std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

/// An order: antisymmetric and transitive on all triples of `values` (a few), and equal values have equal
/// keys.
template <class T, class Key>
void check_order(const std::vector<T>& values, const Key& key) {
    for (const T& a : values) {
        FUZZ_CHECK((a <=> a) == 0 && a == a);
        for (const T& b : values) {
            FUZZ_CHECK(((a <=> b) < 0) == ((b <=> a) > 0));
            FUZZ_CHECK(((a <=> b) == 0) == (a == b));
            FUZZ_CHECK((a == b) == (key(a) == key(b)));
            for (const T& c : values) {
                if ((a <=> b) <= 0 && (b <=> c) <= 0) FUZZ_CHECK((a <=> c) <= 0);
                if (a == b && b == c) FUZZ_CHECK(a == c);
            }
        }
    }
}

}  // namespace aimlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
