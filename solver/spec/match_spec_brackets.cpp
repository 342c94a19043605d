#include "solver/spec/match_spec_brackets.hpp"

#include <utility>

#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

tl::unexpected<Error> wrong(std::string message) {
    return fail(ErrorCode::syntax, std::move(message));
}

bool is_key_char(char c) {
    return is_alnum(c) || c == '_' || c == '-';
}

/// Reads the value at the front of `rest` and what separates it from the next pair.
Result<std::string_view> take_value(std::string_view& rest) {
    const bool quoted = !rest.empty() && (rest.front() == '\'' || rest.front() == '"');
    std::string_view value = rest;
    if (quoted) {
        const std::string_view quote = rest.substr(0, 1);
        rest.remove_prefix(1);
        const std::size_t size = end_of_bracket_value(rest, quote);
        if (size >= rest.size()) return wrong("a quote that is not closed");
        value = rest.substr(0, size);
        rest.remove_prefix(size + 1);
    } else {
        const std::size_t size = end_of_bracket_value(rest, ", ");
        if (size == std::string_view::npos) return wrong("`[` without `]`");
        if (end_of_bracket_value(rest.substr(0, size), "'\"") != size)
            return wrong("quotes stand around a whole value");
        value = rest.substr(0, size);
        rest.remove_prefix(size);
    }
    if (strip(value).empty()) return wrong("expected a value after `=`");
    if (!rest.empty() && rest.front() != ',' && rest.front() != ' ')
        return wrong("expected `,` after a value");
    return value;
}

}  // namespace

std::size_t matching_bracket(std::string_view text, std::size_t open) {
    std::size_t depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (text[i] == '[') ++depth;
        if (text[i] == ']' && --depth == 0) return i;
    }
    return std::string_view::npos;
}

std::size_t end_of_bracket_value(std::string_view text, std::string_view stops) {
    std::size_t i = 0;
    while (i < text.size() && stops.find(text[i]) == std::string_view::npos) {
        if (text[i] == '[') {
            i = matching_bracket(text, i);
            if (i == std::string_view::npos) return i;
        }
        ++i;
    }
    return i;
}

Result<std::vector<BracketPair>> read_bracket_pairs(std::string_view inside) {
    std::vector<BracketPair> pairs;
    std::string_view rest = strip(inside);
    while (!rest.empty()) {
        std::size_t size = 0;
        while (size < rest.size() && is_key_char(rest[size])) ++size;
        const std::string_view key = rest.substr(0, size);
        rest.remove_prefix(size);
        const bool equals = rest.starts_with('=') && !rest.starts_with("==");
        const bool relation =
            !rest.empty() && std::string_view("<>!~=").find(rest.front()) != std::string_view::npos;
        if (key.empty() || !relation) return wrong("expected `key=value` between brackets");
        if (equals) rest.remove_prefix(1);
        auto value = take_value(rest);
        if (!value) return tl::make_unexpected(std::move(value.error()));
        pairs.push_back({key, *value});
        rest = strip(rest);
        if (rest.starts_with(',')) {
            rest = strip(rest.substr(1));
            if (rest.empty()) return wrong("expected `key=value` after `,`");
        }
    }
    return pairs;
}

Result<std::vector<std::string>> read_bracket_list(std::string_view value) {
    value = strip(value);
    const bool list = value.starts_with('[') && value.ends_with(']');
    if (list) value = value.substr(1, value.size() - 2);
    std::vector<std::string> items;
    while (true) {
        const std::size_t size = std::min(value.find(','), value.size());
        std::string_view item = strip(value.substr(0, size));
        const bool last = size == value.size();
        if (item.size() > 1 && (item.front() == '\'' || item.front() == '"') && item.back() == item.front()) {
            item = item.substr(1, item.size() - 2);
        }
        if (item.empty() && last && !items.empty()) return items;  // `[a,]`
        if (item.empty() || item.find_first_of("[]'\"") != std::string_view::npos)
            return wrong("expected a name in the list");
        items.emplace_back(item);
        if (last) return items;
        value.remove_prefix(size + 1);
    }
}

}  // namespace aimlock
