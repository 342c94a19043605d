#include "image/oci/tar_header.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "fetch/archive/pax_record.hpp"
#include "image/replay/fixed_times.hpp"

namespace aimlock {
namespace {

constexpr std::size_t block_size = 512;
constexpr std::array<char, 2 * block_size> zeros{};

using Block = std::array<char, block_size>;

/// Fields of a ustar header that hold text or octal numbers: where they begin and how long they are.
struct Field {
    std::size_t at;
    std::size_t size;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field user_field{108, 8};
constexpr Field group_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field time_field{136, 12};
constexpr Field sum_field{148, 8};
constexpr std::size_t type_at = 156;
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 8};
constexpr Field major_field{329, 8};
constexpr Field minor_field{337, 8};
constexpr Field prefix_field{345, 155};

void put(Block& block, Field field, std::string_view text) {
    std::memcpy(block.data() + field.at, text.data(), std::min(text.size(), field.size));
}

bool fits(Field field, std::uint64_t number) {
    return number < std::uint64_t{1} << (3 * (field.size - 1));
}

/// Octal digits and a NUL; zero where the number does not fit: then a pax record has it.
void put(Block& block, Field field, std::uint64_t number) {
    put(block, field, fmt::format("{:0{}o}", fits(field, number) ? number : 0, field.size - 1));
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
}

/// Where `path` is cut into ustar's two fields; nullopt: it cannot be.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view path) {
    if (path.size() <= name_field.size) return std::pair{std::string_view{}, path};
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        const std::string_view rest = path.substr(slash + 1);
        if (slash > prefix_field.size || rest.empty()) return std::nullopt;
        if (slash != 0 && rest.size() <= name_field.size) return std::pair{path.substr(0, slash), rest};
    }
    return std::nullopt;
}

char type_of(LayerMember::Kind kind) {
    switch (kind) {
        case LayerMember::Kind::folder:
            return '5';
        case LayerMember::Kind::symlink:
            return '2';
        case LayerMember::Kind::hardlink:
            return '1';
        case LayerMember::Kind::file:
            break;
    }
    return '0';
}

Block header(char type, std::string_view prefix, std::string_view name, const LayerMember& member) {
    Block block{};
    put(block, name_field, name);
    put(block, mode_field, std::uint64_t{member.mode});
    put(block, user_field, std::uint64_t{member.user});
    put(block, group_field, std::uint64_t{member.group});
    put(block, size_field, member.size_bytes);
    put(block, time_field, static_cast<std::uint64_t>(fixed_time_s));
    block[type_at] = type;
    put(block, link_field, member.link);
    put(block, magic_field, std::string_view("ustar\00000", 8));
    put(block, major_field, std::uint64_t{0});
    put(block, minor_field, std::uint64_t{0});
    put(block, prefix_field, prefix);
    put(block, sum_field, std::string_view("        "));
    const unsigned sum = std::accumulate(block.begin(), block.end(), 0U, [](unsigned total, char byte) {
        return total + static_cast<unsigned char>(byte);
    });
    put(block, sum_field, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return block;
}

std::string_view bytes_of(const Block& block) {
    return {block.data(), block.size()};
}

}  // namespace

std::string tar_header(const LayerMember& given) {
    LayerMember member = given;
    if (member.kind != LayerMember::Kind::file) member.size_bytes = 0;
    if (member.kind == LayerMember::Kind::folder) member.path += '/';
    const auto parts = is_ascii(member.path) ? cut(member.path) : std::nullopt;
    std::string records;
    if (member.group != 0 && !fits(group_field, member.group))
        records += pax_record("gid", std::to_string(member.group));
    if (member.link.size() > link_field.size || !is_ascii(member.link))
        records += pax_record("linkpath", member.link);
    if (!parts) records += pax_record("path", member.path);
    if (!fits(size_field, member.size_bytes))
        records += pax_record("size", std::to_string(member.size_bytes));
    if (member.user != 0 && !fits(user_field, member.user))
        records += pax_record("uid", std::to_string(member.user));
    std::string out;
    if (!records.empty()) {
        LayerMember pax;
        pax.size_bytes = records.size();
        out += bytes_of(header('x', {}, "PaxHeaders/member", pax));
        out += records;
        out += tar_padding(records.size());
    }
    const auto [prefix, name] = parts.value_or(std::pair{std::string_view{}, std::string_view(member.path)});
    // A reader without pax sees a shortened name that is still valid text.
    out += bytes_of(header(type_of(member.kind), prefix, parts ? name : "long-name", member));
    return out;
}

std::string_view tar_padding(std::uint64_t size_bytes) {
    return {zeros.data(), static_cast<std::size_t>((block_size - size_bytes % block_size) % block_size)};
}

std::string_view tar_end() {
    return {zeros.data(), zeros.size()};
}

}  // namespace aimlock
