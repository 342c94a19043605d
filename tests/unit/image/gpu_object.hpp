#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Shared objects with GPU code, as small as they can be.

namespace aimlock::testing {

template <class Number>
void put(std::string& bytes, std::size_t at, Number value) {
    if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value, '\0');
    std::memcpy(bytes.data() + at, &value,
                sizeof value);  // these files are little-endian, as the machines are
}

inline constexpr std::uint64_t this_very = 1U << 20U;
inline constexpr std::uint64_t family = 1U << 21U;

inline std::string entry(std::uint16_t kind,
                         std::uint32_t number,
                         std::uint64_t flags = 0,
                         std::uint16_t isa_major = 1,
                         std::uint16_t isa_minor = 8) {
    std::string bytes(64, '\0');
    put<std::uint16_t>(bytes, 0, kind);
    put<std::uint32_t>(bytes, 4, 64);
    put<std::uint64_t>(bytes, 8, 24);
    put<std::uint16_t>(bytes, 24, isa_minor);
    put<std::uint16_t>(bytes, 26, isa_major);
    put<std::uint32_t>(bytes, 28, number);
    put<std::uint64_t>(bytes, 40, flags);
    return bytes + std::string(24, 'c');
}

inline std::string fatbin(const std::string& entries) {
    std::string bytes;
    put<std::uint32_t>(bytes, 0, 0xba55ed50);
    put<std::uint16_t>(bytes, 4, 1);
    put<std::uint16_t>(bytes, 6, 16);
    put<std::uint64_t>(bytes, 8, entries.size());
    return bytes + entries;
}

inline constexpr std::size_t fatbins_at = 64;  // where `object` puts them in the file

/// An ELF object of three sections: .nv_fatbin, .rodata and the names.
inline std::string object(const std::string& fatbins, const std::string& rodata = {}) {
    constexpr std::string_view names{"\0.nv_fatbin\0.rodata\0.shstrtab\0", 30};
    std::string file(fatbins_at, '\0');
    std::memcpy(file.data(), "\177ELF\2\1\1", 7);
    const std::size_t rodata_at = file.size() + fatbins.size();
    const std::size_t names_at = rodata_at + rodata.size();
    file += fatbins + rodata + std::string(names);
    file.resize((file.size() + 7) / 8 * 8, '\0');
    const std::size_t table = file.size();
    put<std::uint64_t>(file, 40, table);
    put<std::uint16_t>(file, 58, 64);
    put<std::uint16_t>(file, 60, 4);
    put<std::uint16_t>(file, 62, 3);
    const auto section = [&](std::size_t index, std::uint32_t name, std::uint32_t kind, std::size_t at,
                             std::size_t size) {
        const std::size_t header = table + index * 64;
        put<std::uint64_t>(file, header + 56, 0);
        put<std::uint32_t>(file, header, name);
        put<std::uint32_t>(file, header + 4, kind);
        put<std::uint64_t>(file, header + 8, 2);
        put<std::uint64_t>(file, header + 24, at);
        put<std::uint64_t>(file, header + 32, size);
    };
    section(0, 0, 0, 0, 0);
    section(1, 1, 1, fatbins_at, fatbins.size());
    section(2, 12, 1, rodata_at, rodata.size());
    section(3, 20, 3, names_at, names.size());
    return file;
}

}  // namespace aimlock::testing
