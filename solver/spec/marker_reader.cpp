#include <algorithm>
#include <array>
#include <utility>

#include "solver/spec/marker_node.hpp"
#include "solver/spec/package_name.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

using Node = Marker::Node;
using Operand = Node::Operand;

constexpr int deepest = 200;  // parentheses within parentheses

struct Name {
    std::string_view written;
    MarkerVariable variable;
};
// The spelling of `marker_variable_name` first, those of old documents after it.
constexpr std::array names{
    Name{"implementation_name", MarkerVariable::implementation_name},
    Name{"implementation_version", MarkerVariable::implementation_version},
    Name{"os_name", MarkerVariable::os_name},
    Name{"platform_machine", MarkerVariable::platform_machine},
    Name{"platform_release", MarkerVariable::platform_release},
    Name{"platform_system", MarkerVariable::platform_system},
    Name{"platform_version", MarkerVariable::platform_version},
    Name{"platform_python_implementation", MarkerVariable::platform_python_implementation},
    Name{"python_full_version", MarkerVariable::python_full_version},
    Name{"python_version", MarkerVariable::python_version},
    Name{"sys_platform", MarkerVariable::sys_platform},
    Name{"extra", MarkerVariable::extra},
    Name{"extras", MarkerVariable::extras},
    Name{"dependency_groups", MarkerVariable::dependency_groups},
    Name{"os.name", MarkerVariable::os_name},
    Name{"platform.machine", MarkerVariable::platform_machine},
    Name{"platform.version", MarkerVariable::platform_version},
    Name{"platform.python_implementation", MarkerVariable::platform_python_implementation},
    Name{"python_implementation", MarkerVariable::platform_python_implementation},
    Name{"sys.platform", MarkerVariable::sys_platform}};

constexpr std::array<std::string_view, 8> symbols{"===", "==", "~=", "!=", "<=", ">=", "<", ">"};

constexpr bool is_word(char c) {
    return is_alnum(c) || c == '_';
}
constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// A literal is Python's: backslashes escape. nullopt where Python refuses the text.
std::optional<std::string> unescaped(std::string_view text) {
    static constexpr std::string_view letters = "\\'\"abfnrtv";
    static constexpr std::string_view meant = "\\'\"\a\b\f\n\r\t\v";
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            value += text[i];
            continue;
        }
        if (++i == text.size()) return std::nullopt;  // it would have escaped the quote
        if (text[i] == 'x') {
            if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
                return std::nullopt;
            value += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else if (const std::size_t known = letters.find(text[i]); known != std::string_view::npos) {
            value += meant[known];
        } else {
            value.append(1, '\\').append(1, text[i]);
        }
    }
    return value;
}

class MarkerReader {
public:
    MarkerReader(std::string_view text, SourcePos at) : text_(text), at_(std::move(at)) {}

    Result<Node> read() {
        auto node = read_joined(0);
        if (node && position_ != text_.size()) return wrong("expected `and`, `or` or the end of the marker");
        return node;
    }

private:
    [[nodiscard]] tl::unexpected<Error> wrong(std::string message) const {
        return fail_at(ErrorCode::syntax, std::move(message) + " in the marker `" + std::string(text_) + "`",
                       advanced(at_, position_), "write a marker such as `python_version >= \"3.10\"`");
    }

    [[nodiscard]] std::string_view rest() const { return text_.substr(position_); }

    void skip_blanks() {
        while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
    }

    /// Takes `word` where no letter goes on before or after it.
    bool take_word(std::string_view word) {
        if (!rest().starts_with(word)) return false;
        const std::size_t end = position_ + word.size();
        if (position_ != 0 && is_word(text_[position_ - 1])) return false;
        if (end < text_.size() && is_word(text_[end])) return false;
        position_ = end;
        return true;
    }

    Result<Node> read_joined(int depth) {
        if (depth > deepest) return wrong("too many parentheses");
        Node list;
        bool after_or = false;
        while (true) {
            auto item = read_item(depth);
            if (!item) return item;
            item->after_or = after_or;
            list.items.push_back(*std::move(item));
            if (take_word("or")) {
                after_or = true;
            } else if (take_word("and")) {
                after_or = false;
            } else {
                return list;
            }
        }
    }

    Result<Node> read_item(int depth) {
        skip_blanks();
        if (!rest().starts_with('(')) return read_comparison();
        ++position_;
        auto inner = read_joined(depth + 1);
        if (!inner) return inner;
        skip_blanks();
        if (!rest().starts_with(')')) return wrong("expected `)`");
        ++position_;
        skip_blanks();
        return inner;
    }

    Result<Node> read_comparison() {
        Node node;
        auto left = read_operand();
        if (!left) return tl::make_unexpected(std::move(left.error()));
        skip_blanks();
        auto op = read_operator();
        if (!op) return tl::make_unexpected(std::move(op.error()));
        skip_blanks();
        auto right = read_operand();
        if (!right) return tl::make_unexpected(std::move(right.error()));
        skip_blanks();
        node.left = *std::move(left);
        node.op = *std::move(op);
        node.right = *std::move(right);
        normalize_names(node);
        if (auto bound = SpecifierSet::parse(node.op + node.right.text);
            bound && bound->clauses().size() == 1) {
            node.bound = *std::move(bound);
        }
        return node;
    }

    /// Names of extras and groups are compared in PEP 685 form.
    static void normalize_names(Node& node) {
        const auto is_literal = [](const Operand& operand) {
            return operand.variable == MarkerVariable::none;
        };
        if (node.left.variable == MarkerVariable::extra && is_literal(node.right)) {
            node.right.text = normalize_pypi_name(node.right.text);
        }
        const MarkerVariable right = node.right.variable;
        const bool names_right = right == MarkerVariable::extra || right == MarkerVariable::extras ||
                                 right == MarkerVariable::dependency_groups;
        if (names_right && is_literal(node.left)) node.left.text = normalize_pypi_name(node.left.text);
    }

    Result<Operand> read_operand() {
        const char quote = position_ < text_.size() ? text_[position_] : '\0';
        if (quote == '\'' || quote == '"') {
            const std::size_t end = text_.find(quote, position_ + 1);
            if (end == std::string_view::npos) return wrong("a quote that is not closed");
            auto value = unescaped(text_.substr(position_ + 1, end - position_ - 1));
            if (!value) return wrong("a quoted text that Python does not read");
            position_ = end + 1;
            return Operand{MarkerVariable::none, *std::move(value)};
        }
        for (const Name& name : names) {
            if (take_word(name.written))
                return Operand{name.variable, std::string(marker_variable_name(name.variable))};
        }
        return wrong("expected a marker variable or a quoted text");
    }

    Result<std::string> read_operator() {
        if (take_word("in")) return std::string("in");
        if (take_word("not")) {
            const std::size_t before = position_;
            skip_blanks();
            if (position_ == before || !take_word("in")) return wrong("expected `in` after `not`");
            return std::string("not in");
        }
        for (const std::string_view symbol : symbols) {
            if (!rest().starts_with(symbol)) continue;
            position_ += symbol.size();
            return std::string(symbol);
        }
        return wrong("expected one of <=, <, !=, ==, >=, >, ~=, ===, in, not in");
    }

    std::string_view text_;
    SourcePos at_;
    std::size_t position_ = 0;
};

}  // namespace

std::string_view marker_variable_name(MarkerVariable variable) {
    return std::ranges::find(names, variable, &Name::variable)->written;
}

Result<Marker::Node> read_marker(std::string_view text, SourcePos at) {
    return MarkerReader(text, std::move(at)).read();
}

}  // namespace aimlock
