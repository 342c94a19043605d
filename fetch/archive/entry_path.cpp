#include "fetch/archive/entry_path.hpp"

#include <cstdint>
#include <vector>

#include <fmt/core.h>

namespace aimlock {
namespace {

constexpr std::size_t max_path = 3000;  // PATH_MAX less room for a prefix
constexpr std::size_t max_component = 255;

/// Length of the well-formed sequence at the front of `text`, 0 when there is none; `point` gets its code
/// point.
std::size_t decode_one(std::string_view text, std::uint32_t& point) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const std::uint32_t first = byte(0);
    if (first < 0x80U) {
        point = first;
        return 1;
    }
    const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
    if (first < 0xC2U || first > 0xF4U || text.size() < length) return 0;
    point = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
        point = (point << 6U) | (byte(i) & 0x3FU);
    }
    static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xD800U && point <= 0xDFFFU;
    return point < least[length] || point > 0x10FFFFU || surrogate ? 0 : length;
}

/// Control characters, and marks that turn the direction of text: a name with them reads as another one.
bool deceives(std::uint32_t point) {
    return point < 0x20U || (point >= 0x7FU && point < 0xA0U) || point == 0x200EU || point == 0x200FU ||
           (point >= 0x202AU && point <= 0x202EU) || (point >= 0x2066U && point <= 0x2069U);
}

std::vector<std::string_view> components(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (!part.empty() && part != ".") parts.push_back(part);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return parts;
}

std::string joined(const std::vector<std::string_view>& parts) {
    std::string path;
    for (const std::string_view part : parts) {
        if (!path.empty()) path += '/';
        path += part;
    }
    return path;
}

}  // namespace

std::string shown_name(std::string_view name) {
    std::string shown;
    while (!name.empty() && shown.size() < 200) {
        std::uint32_t point = 0;
        const std::size_t length = decode_one(name, point);
        if (length == 0 || deceives(point)) {
            const std::size_t bytes = length == 0 ? 1 : length;
            for (std::size_t i = 0; i < bytes; ++i)
                shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(name[i]));
            name.remove_prefix(bytes);
            continue;
        }
        shown += name.substr(0, length);
        name.remove_prefix(length);
    }
    if (!name.empty()) shown += "...";
    return shown;
}

bool is_utf8(std::string_view text) {
    std::uint32_t point = 0;
    while (!text.empty()) {
        const std::size_t length = decode_one(text, point);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

Result<std::string> safe_entry_path(std::string_view name) {
    const auto refused = [&](std::string_view why) {
        return fail(ErrorCode::archive, fmt::format("entry `{}` {}", shown_name(name), why));
    };
    if (name.empty()) return refused("has no name");
    if (name.front() == '/') return refused("has an absolute name");
    if (name.size() > max_path) return refused("has too long a name");
    for (std::string_view rest = name; !rest.empty();) {
        std::uint32_t point = 0;
        const std::size_t length = decode_one(rest, point);
        if (length == 0) return refused("has a name that is not UTF-8");
        if (deceives(point)) return refused("has a control character in its name");
        rest.remove_prefix(length);
    }
    const std::vector<std::string_view> parts = components(name);
    for (const std::string_view part : parts) {
        if (part == "..") return refused("leaves its folder");
        if (part.size() > max_component) return refused("has too long a name");
        if (part.starts_with(".wh.")) return refused("has the name of an image whiteout");
    }
    if (parts.empty() && name != "." && name != "./") return refused("has no name");
    return joined(parts);
}

Result<std::string> safe_link_target(std::string_view path, std::string_view target) {
    const auto refused = [&](std::string_view why) {
        return fail(ErrorCode::archive, fmt::format("link `{}` points to `{}`, which {}", shown_name(path),
                                                    shown_name(target), why));
    };
    if (target.empty()) return refused("is empty");
    if (target.front() == '/') return refused("is absolute");
    if (target.size() > max_path || target.find('\0') != std::string_view::npos) return refused("is no path");
    std::vector<std::string_view> parts = components(path);
    if (!parts.empty()) parts.pop_back();
    for (const std::string_view part : components(target)) {
        if (part != "..") {
            parts.push_back(part);
        } else if (parts.empty()) {
            return refused("leaves the prefix");
        } else {
            parts.pop_back();
        }
    }
    return joined(parts);
}

}  // namespace aimlock
