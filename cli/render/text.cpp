#include "cli/render/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/core.h>

namespace aimlock::cli {
namespace {

constexpr char32_t invalid = 0xffffffff;

/// One character of a UTF-8 text. An ill-formed byte is a character of its own with `value == invalid`.
struct Character {
    char32_t value = invalid;
    std::string_view bytes;
};

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// The character at the head of `text`, which is not empty.
Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80U) return {lead, text.substr(0, 1)};
    const std::size_t size = lead >= 0xf0U ? 4 : lead >= 0xe0U ? 3 : 2;
    if (lead < 0xc2U || lead > 0xf4U || text.size() < size) return {invalid, text.substr(0, 1)};
    char32_t value = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if (!is_continuation(text[i])) return {invalid, text.substr(0, 1)};
        value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (overlong || surrogate || value > 0x10ffff) return {invalid, text.substr(0, 1)};
    return {value, text.substr(0, size)};
}

std::vector<Character> characters(std::string_view text) {
    std::vector<Character> all;
    all.reserve(text.size());
    while (!text.empty()) {
        all.push_back(first_character(text));
        text.remove_prefix(all.back().bytes.size());
    }
    return all;
}

struct Range {
    char32_t first;
    char32_t last;
};

// Marks that turn the direction of writing, or that cannot be seen: a name with one of them can pose as
// another.
constexpr std::array<Range, 7> invisible{{{0x80, 0x9f},
                                          {0x61c, 0x61c},
                                          {0x200b, 0x200f},
                                          {0x2028, 0x202e},
                                          {0x2060, 0x2069},
                                          {0xfeff, 0xfeff},
                                          {0xfff9, 0xfffb}}};
// East Asian wide and emoji, coarse: what package texts hold in practice.
constexpr std::array<Range, 9> wide{{{0x1100, 0x115f},
                                     {0x2e80, 0x303e},
                                     {0x3041, 0x33ff},
                                     {0x3400, 0x4dbf},
                                     {0x4e00, 0x9fff},
                                     {0xa000, 0xa4cf},
                                     {0xac00, 0xd7a3},
                                     {0xf900, 0xfaff},
                                     {0xff00, 0xff60}}};
constexpr std::array<Range, 3> combining{{{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}}};

template <std::size_t n>
bool contains(const std::array<Range, n>& ranges, char32_t value) {
    return std::ranges::any_of(ranges, [value](Range r) { return value >= r.first && value <= r.last; });
}

std::size_t width_of(char32_t value) {
    if (contains(combining, value)) return 0;
    return contains(wide, value) || (value >= 0x1f300 && value <= 0x1faff) ? 2 : 1;
}

bool is_secret_key(std::string_view key) {
    constexpr std::array<std::string_view, 6> keys{"token",    "access_token", "api_key",
                                                   "password", "secret",       "sig"};
    return std::ranges::any_of(
        keys, [key](std::string_view known) { return key == known || key.ends_with(known); });
}

/// One URL from its scheme to its end, without secrets.
std::string redacted_url(std::string_view url) {
    const std::size_t authority = url.find("://") + 3;
    std::string out(url.substr(0, authority));
    std::string_view rest = url.substr(authority);
    const std::size_t host_end = std::min(rest.find_first_of("/?#"), rest.size());
    if (const std::size_t at = rest.substr(0, host_end).rfind('@'); at != std::string_view::npos) {
        out += "***";
        rest.remove_prefix(at);
    }
    while (!rest.empty()) {
        const std::size_t next = std::min(rest.find_first_of("/?&#", 1), rest.size());
        const std::string_view part = rest.substr(0, next);
        rest.remove_prefix(next);
        const std::size_t equals = part.find('=');
        if (equals != std::string_view::npos && part.front() != '/' &&
            is_secret_key(part.substr(1, equals - 1))) {
            out += std::string(part.substr(0, equals + 1)) + "***";
        } else {
            out += part;
        }
        if (part == "/t" && rest.size() > 1 && rest.front() == '/') {
            out += "/***";
            rest.remove_prefix(std::min(rest.find('/', 1), rest.size()));
        }
    }
    return out;
}

}  // namespace

std::string escaped(std::string_view text, bool keep_newlines) {
    std::string out;
    out.reserve(text.size());
    for (const Character& c : characters(text)) {
        if (c.value == '\n') {
            out += keep_newlines ? "\n" : "\\n";
        } else if (c.value == '\t') {
            out += "\\t";
        } else if (c.value == invalid || c.value < 0x20 || c.value == 0x7f) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c.bytes.front()));
        } else if (contains(invisible, c.value)) {
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c.value));
        } else {
            out += c.bytes;
        }
    }
    return out;
}

std::string redacted(std::string_view text) {
    std::string out;
    while (true) {
        const std::size_t mark = text.find("://");
        if (mark == std::string_view::npos) return out.append(text);
        std::size_t begin = mark;
        while (begin > 0 &&
               (std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0 || text[begin - 1] == '+'))
            --begin;
        const std::size_t end = std::min(text.find_first_of(" \t\n\"'`<>|,;)", mark), text.size());
        out += text.substr(0, begin);
        out += redacted_url(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

std::size_t display_width(std::string_view text) {
    std::size_t columns = 0;
    for (const Character& c : characters(text)) columns += c.value == invalid ? 1 : width_of(c.value);
    return columns;
}

std::string shortened(std::string_view name, std::size_t columns, std::string_view ellipsis) {
    if (display_width(name) <= columns) return std::string(name);
    const std::size_t room = columns > display_width(ellipsis) ? columns - display_width(ellipsis) : 0;
    const std::size_t head = (room + 1) / 2;
    const std::vector<Character> all = characters(name);
    std::string front;
    std::string back;
    std::size_t used = 0;
    for (const Character& c : all) {
        if (used + width_of(c.value) > head) break;
        used += width_of(c.value);
        front += c.bytes;
    }
    used = 0;
    for (auto c = all.rbegin(); c != all.rend(); ++c) {
        if (used + width_of(c->value) > room - head) break;
        used += width_of(c->value);
        back.insert(0, c->bytes);
    }
    return front + std::string(ellipsis) + back;
}

std::string padded_right(std::string_view text, std::size_t columns) {
    const std::size_t width = display_width(text);
    return std::string(text) + std::string(columns > width ? columns - width : 0, ' ');
}

std::string padded_left(std::string_view text, std::size_t columns) {
    const std::size_t width = display_width(text);
    return std::string(columns > width ? columns - width : 0, ' ') + std::string(text);
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string size_text(std::uint64_t bytes) {
    constexpr double step = 1024.0;
    const auto amount = static_cast<double>(bytes);
    if (bytes < 1024) return fmt::format("{} B", bytes);
    if (amount < step * 1023.95) return fmt::format("{:.1f} KiB", amount / step);
    if (amount < step * step * 1023.95) return fmt::format("{:.1f} MiB", amount / (step * step));
    return fmt::format("{:.1f} GiB", amount / (step * step * step));
}

std::string duration_text(double milliseconds) {
    const double seconds = std::max(0.0, milliseconds / 1000.0);
    if (seconds < 0.995) return fmt::format("{:.2f} s", seconds);
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole < 100) return fmt::format("{} s", whole);
    return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string counted(std::uint64_t number, std::string_view noun) {
    return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
    std::string out;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t width = display_width(word);
        if (used > 0 && used + 1 + width > columns) {
            out += "\n" + std::string(indent, ' ');
            used = indent;
        } else if (!out.empty()) {
            out += ' ';
            ++used;
        }
        out += word;
        used += width;
    }
    return out;
}

}  // namespace aimlock::cli
