#include "solver/version/conda_range.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "solver/version/ascii.hpp"
#include "solver/version/text_match.hpp"

namespace aimlock {

struct CondaRange::Node {
    enum class Kind : std::uint8_t {
        any_of,
        all_of,
        always,
        equal,
        not_equal,
        less,
        less_equal,
        greater,
        greater_equal,
        begins,
        begins_not,
        compatible,
        glob,
        regex,
        exact_text
    } kind = Kind::always;
    std::string written;     ///< of a bound: as written, `1.8*` as `1.8.*`
    CondaVersion version{};  ///< of a bound with an operator
    TextRegex regex{};
    std::vector<Node> children{};  ///< of any_of and all_of
};

namespace {

using Node = CondaRange::Node;
using Kind = Node::Kind;

constexpr bool is_version_char(char c) {
    return is_alnum(c) || std::string_view("._-+!*@").find(c) != std::string_view::npos;
}

constexpr int deepest = 100;  // parentheses within parentheses

bool holds(const Node& node, const CondaVersion& version) {
    const auto child_holds = [&](const Node& child) { return holds(child, version); };
    switch (node.kind) {
        case Kind::any_of:
            return std::ranges::any_of(node.children, child_holds);
        case Kind::all_of:
            return std::ranges::all_of(node.children, child_holds);
        case Kind::always:
            return true;
        case Kind::equal:
            return version == node.version;
        case Kind::not_equal:
            return !(version == node.version);
        case Kind::less:
            return version < node.version;
        case Kind::less_equal:
            return version <= node.version;
        case Kind::greater:
            return version > node.version;
        case Kind::greater_equal:
            return version >= node.version;
        case Kind::begins:
            return version.starts_with(node.version);
        case Kind::begins_not:
            return !version.starts_with(node.version);
        case Kind::compatible:
            return version >= node.version && version.starts_with(node.version.without_last_component());
        case Kind::glob:
            return matches_glob(node.written, version.text(), true);
        case Kind::regex:
            return node.regex.matches(version.text());
        case Kind::exact_text:
            return version.text() == node.written;
    }
    return false;
}

std::string text_of(const Node& node, Kind around) {
    if (node.kind != Kind::any_of && node.kind != Kind::all_of) return node.written;
    std::string joined;
    for (const Node& child : node.children) {
        if (!joined.empty()) joined += node.kind == Kind::any_of ? '|' : ',';
        joined += text_of(child, node.kind);
    }
    return node.kind == Kind::any_of && around == Kind::all_of ? "(" + joined + ")" : joined;
}

struct Operator {
    std::string_view symbol;
    Kind kind;
};
// Longest first.
constexpr std::array operators{Operator{"==", Kind::equal},      Operator{"!=", Kind::not_equal},
                               Operator{"<=", Kind::less_equal}, Operator{">=", Kind::greater_equal},
                               Operator{"~=", Kind::compatible}, Operator{"=", Kind::begins},
                               Operator{"<", Kind::less},        Operator{">", Kind::greater}};

/// Reads `expression := term ('|' term)*; term := factor (',' factor)*; factor := '(' expression ')' |
/// bound`.
class RangeReader {
public:
    RangeReader(std::string_view text, SourcePos at) : text_(text), at_(std::move(at)) {}

    Result<Node> read() {
        auto node = read_joined('|', 0);
        if (node && position_ < text_.size()) return wrong("unexpected `)`", position_);
        return node;
    }

private:
    tl::unexpected<Error> wrong(std::string message, std::size_t position) const {
        return fail_at(ErrorCode::syntax, message + " in the version expression `" + std::string(text_) + "`",
                       advanced(at_, position), "write bounds such as `>=1.8,<2` or `1.8.*`");
    }

    void skip_blanks() {
        while (position_ < text_.size() && is_space(text_[position_])) ++position_;
    }

    Result<Node> read_joined(char separator, int depth) {
        if (depth > deepest) return wrong("too many parentheses", position_);
        const auto read_part = [&] {
            return separator == '|' ? read_joined(',', depth) : read_factor(depth);
        };
        auto first = read_part();
        if (!first || !take(separator)) return first;
        Node joined{separator == '|' ? Kind::any_of : Kind::all_of, {}};
        add_part(joined, *std::move(first));
        do {
            auto part = read_part();
            if (!part) return part;
            add_part(joined, *std::move(part));
        } while (take(separator));
        return joined;
    }

    bool take(char separator) {
        skip_blanks();
        if (position_ >= text_.size() || text_[position_] != separator) return false;
        ++position_;
        return true;
    }

    /// `1|(2|3)` is `1|2|3`.
    static void add_part(Node& joined, Node part) {
        if (part.kind == joined.kind) {
            std::ranges::move(part.children, std::back_inserter(joined.children));
        } else {
            joined.children.push_back(std::move(part));
        }
    }

    Result<Node> read_factor(int depth) {
        skip_blanks();
        if (position_ < text_.size() && text_[position_] == '(') {
            const std::size_t open = position_++;
            auto inner = read_joined('|', depth + 1);
            if (!inner) return inner;
            if (position_ >= text_.size() || text_[position_] != ')') return wrong("`(` without `)`", open);
            ++position_;
            skip_blanks();
            if (position_ < text_.size() &&
                std::string_view("|,)").find(text_[position_]) == std::string_view::npos) {
                return wrong("expected `,` or `|` after `)`", position_);
            }
            return inner;
        }
        const std::size_t begin = position_;
        std::size_t end = begin;
        if (begin < text_.size() && text_[begin] == '^') {
            end = text_.find('$', begin);
            if (end == std::string_view::npos) return wrong("`^` without `$`", begin);
            ++end;
        }
        end = std::min(text_.find_first_of("()|,", end), text_.size());
        position_ = end;
        return read_bound(strip(text_.substr(begin, end - begin)), begin);
    }

    [[nodiscard]] Result<Node> read_bound(std::string_view bound, std::size_t at) const {
        if (bound.empty()) return wrong("expected a version", at);
        if (bound.find_first_not_of('*') == std::string_view::npos) return Node{Kind::always, "*"};
        if (bound.front() == '^' || bound.back() == '$') return read_regex(bound, at);
        if (std::string_view("=<>!~").find(bound.front()) != std::string_view::npos)
            return read_relation(bound, at);
        const std::size_t last = bound.find_last_not_of('*');
        if (last == std::string_view::npos || bound.substr(0, last).find('*') != std::string_view::npos) {
            if (!std::ranges::all_of(bound, is_version_char))
                return wrong("a version with a character it may not hold", at);
            return Node{Kind::glob, std::string(bound)};
        }
        if (bound.back() == '*') {
            std::string_view stem = bound.substr(0, last + 1);
            while (stem.ends_with('.')) stem.remove_suffix(1);
            return with_version(Kind::begins, stem, std::string(stem) + ".*", at);
        }
        if (bound.find('@') != std::string_view::npos && std::ranges::all_of(bound, is_version_char)) {
            return Node{Kind::exact_text, std::string(bound)};
        }
        return with_version(Kind::equal, bound, std::string(bound), at);
    }

    [[nodiscard]] Result<Node> read_regex(std::string_view bound, std::size_t at) const {
        if (bound.front() != '^' || bound.back() != '$') return wrong("a regular expression is `^…$`", at);
        auto regex = TextRegex::parse(bound);
        if (!regex) return wrong(regex.error().message, at);
        return Node{.kind = Kind::regex, .written = std::string(bound), .regex = *std::move(regex)};
    }

    [[nodiscard]] Result<Node> read_relation(std::string_view bound, std::size_t at) const {
        const auto* found =
            std::ranges::find_if(operators, [&](const Operator& o) { return bound.starts_with(o.symbol); });
        if (found == operators.end()) return wrong("unknown operator", at);
        std::string_view version = strip(bound.substr(found->symbol.size()));
        if (version.empty())
            return wrong("expected a version after `" + std::string(found->symbol) + "`", at);
        if (std::string_view("=<>!~").find(version.front()) != std::string_view::npos)
            return wrong("unknown operator", at);
        Kind kind = found->kind;
        std::string written = std::string(found->symbol) + std::string(version);
        if (version.ends_with(".*")) {
            if (kind == Kind::compatible) return wrong("`~=` with `.*`", at);
            if (kind == Kind::not_equal) kind = Kind::begins_not;
            version.remove_suffix(2);  // `>=1.8.*` is `>=1.8`
        }
        return with_version(kind, version, std::move(written), at);
    }

    [[nodiscard]] Result<Node> with_version(Kind kind,
                                            std::string_view text,
                                            std::string written,
                                            std::size_t at) const {
        auto version = CondaVersion::parse(text);
        if (!version) return wrong(version.error().message, at);
        return Node{.kind = kind, .written = std::move(written), .version = *std::move(version)};
    }

    std::string_view text_;
    SourcePos at_;
    std::size_t position_ = 0;
};

}  // namespace

Result<CondaRange> CondaRange::parse(std::string_view text, SourcePos at) {
    auto node = RangeReader(text, std::move(at)).read();
    if (!node) return tl::make_unexpected(std::move(node.error()));
    CondaRange range;
    range.root_ = std::make_shared<const Node>(*std::move(node));
    return range;
}

bool CondaRange::contains(const CondaVersion& version) const {
    return !root_ || holds(*root_, version);
}

const CondaVersion* CondaRange::exact() const {
    return root_ && root_->kind == Kind::equal ? &root_->version : nullptr;
}

bool CondaRange::is_any() const {
    return !root_ || root_->kind == Kind::always;
}

std::string CondaRange::text() const {
    return root_ ? text_of(*root_, Kind::any_of) : "*";
}

}  // namespace aimlock
