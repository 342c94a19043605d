#include "lock/manifest/toml_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

// The library throws unless told not to, and Debian's build of it is a shared library that nobody else here
// needs.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// Its assertions fail on bad input (`[&a]`), where without them it reports an error.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace aimlock {
namespace {

constexpr std::size_t max_bytes = std::size_t{4} << 20U;
constexpr std::size_t max_levels = 64;

/// The lines of a text, for turning toml++'s places, which count code points, into ours, which count bytes.
class SourceLines {
public:
    SourceLines(std::string_view text, const std::string& file) : file_(file) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            lines_.push_back(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    [[nodiscard]] SourcePos place(const toml::source_position& at) const {
        std::size_t column = at.column == 0 ? 0 : at.column - 1;
        const std::string_view line = line_of(at.line);
        std::size_t byte = 0;
        for (; byte < line.size() && column > 0; --column) {
            ++byte;
            while (byte < line.size() && (static_cast<unsigned char>(line[byte]) & 0xc0U) == 0x80) ++byte;
        }
        // Past the end of the line: where the parser stood when it missed something.
        return {file_, std::max(at.line, std::uint32_t{1}), static_cast<std::uint32_t>(byte + column + 1)};
    }

    /// What the document says from `from` to `to`, where both are on one line.
    [[nodiscard]] std::string_view written(const SourcePos& from, const SourcePos& to) const {
        const std::string_view line = line_of(from.line);
        if (from.line != to.line || from.column > to.column || to.column > line.size() + 1) return {};
        return line.substr(from.column - 1, to.column - from.column);
    }

    /// The place of a text's first byte behind its opening quote.
    [[nodiscard]] SourcePos inside_quotes(SourcePos pos) const {
        const std::string_view line = line_of(pos.line);
        for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
            if (pos.column <= line.size() && line.substr(pos.column - 1).starts_with(quote))
                return advanced(pos, quote.size());
        }
        return pos;
    }

private:
    [[nodiscard]] std::string_view line_of(std::uint32_t line) const {
        return line == 0 || line > lines_.size() ? std::string_view{} : lines_[line - 1];
    }

    const std::string& file_;
    std::vector<std::string_view> lines_;
};

class Converter {
public:
    explicit Converter(const SourceLines& lines) : lines_(lines) {}

    [[nodiscard]] TomlNode convert(const toml::node& node) const {
        TomlNode out;
        out.pos = lines_.place(node.source().begin);
        if (const auto* table = node.as_table()) {
            convert_table(*table, out);
        } else if (const auto* array = node.as_array()) {
            out.kind = TomlNode::Kind::array;
            for (const toml::node& item : *array) out.items.push_back(convert(item));
        } else if (const auto* text = node.as_string()) {
            out.kind = TomlNode::Kind::text;
            out.text = text->get();
            out.pos = lines_.inside_quotes(std::move(out.pos));
        } else if (const auto* integer = node.as_integer()) {
            out.kind = TomlNode::Kind::integer;
            out.integer = integer->get();
        } else if (const auto* flag = node.as_boolean()) {
            out.kind = TomlNode::Kind::flag;
            out.flag = flag->get();
        } else {
            out.kind = node.is_floating_point() ? TomlNode::Kind::real : TomlNode::Kind::time;
            out.text = lines_.written(out.pos, lines_.place(node.source().end));
        }
        return out;
    }

private:
    void convert_table(const toml::table& table, TomlNode& out) const {
        out.kind = TomlNode::Kind::table;
        for (const auto& [key, value] : table) {
            out.entries.push_back({std::string(key.str()), lines_.place(key.source().begin), convert(value)});
        }
        // toml++ keeps tables sorted by name.
        std::ranges::sort(out.entries, {},
                          [](const TomlEntry& e) { return std::tie(e.pos.line, e.pos.column); });
    }

    const SourceLines& lines_;
};

/// The first line with more dots outside of quotes than a key may have. toml++ limits the depth of values but
/// not that of dotted keys, and frees what they make by recursion.
std::optional<std::uint32_t> too_deep_line(std::string_view text) {
    std::uint32_t line = 1;
    std::size_t dots = 0;
    char quote = 0;
    for (const char c : text) {
        if (c == '\n') {
            ++line;
            dots = 0;
            quote = 0;
        } else if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '.' && ++dots > max_levels) {
            return line;
        }
    }
    return std::nullopt;
}

std::string lower_first(std::string_view text) {
    std::string out(text);
    if (out.size() > 1 && out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'a' && out[1] <= 'z') {
        out[0] = static_cast<char>(out[0] - 'A' + 'a');
    }
    return out;
}

}  // namespace

Result<TomlNode> read_toml(std::string_view text, const std::string& file) {
    if (text.size() > max_bytes)
        return fail_at(ErrorCode::manifest, "file is larger than 4 MiB", {file, 1, 1});
    if (const auto line = too_deep_line(text)) {
        return fail_at(ErrorCode::manifest, "more than 64 levels of keys", {file, *line, 1});
    }
    const toml::parse_result parsed = toml::parse(text, std::string_view(file));
    const SourceLines lines(text, file);
    if (!parsed) {
        return fail_at(ErrorCode::manifest, lower_first(parsed.error().description()),
                       lines.place(parsed.error().source().begin));
    }
    return Converter(lines).convert(parsed.table());
}

}  // namespace aimlock
