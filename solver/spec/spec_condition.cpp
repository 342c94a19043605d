#include "solver/spec/spec_condition.hpp"

#include <utility>

#include "solver/spec/match_spec.hpp"
#include "solver/spec/match_spec_brackets.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr int deepest = 50;

using Kind = SpecCondition::Kind;

tl::unexpected<Error> wrong(std::string message) {
    return fail(ErrorCode::syntax, std::move(message));
}

/// Reads `any := all ("or" all)*; all := term ("and" term)*; term := "(" any ")" | spec`.
class ConditionReader {
public:
    explicit ConditionReader(std::string_view text) : rest_(text) {}

    Result<SpecCondition> read() {
        auto condition = read_joined(Kind::any_of, 0);
        if (condition && !rest_.empty()) return wrong("unexpected `)` in a condition");
        return condition;
    }

private:
    Result<SpecCondition> read_joined(Kind kind, int depth) {
        if (depth > deepest) return wrong("too many parentheses in a condition");
        SpecCondition joined{kind, {}, {}};
        do {
            auto part = kind == Kind::any_of ? read_joined(Kind::all_of, depth) : read_term(depth);
            if (!part) return part;
            joined.parts.push_back(*std::move(part));
            rest_ = strip(rest_);
        } while (take_word(kind == Kind::any_of ? "or" : "and"));
        if (joined.parts.size() > 1) return joined;
        SpecCondition only = std::move(joined.parts.front());
        return only;
    }

    Result<SpecCondition> read_term(int depth) {
        rest_ = strip(rest_);
        if (rest_.starts_with('(')) {
            rest_.remove_prefix(1);
            auto inner = read_joined(Kind::any_of, depth + 1);
            if (!inner) return inner;
            if (!rest_.starts_with(')')) return wrong("`(` without `)` in a condition");
            rest_.remove_prefix(1);
            return inner;
        }
        const std::size_t size = size_of_spec();
        if (size == std::string_view::npos) return wrong("`[` without `]` in a condition");
        const std::string_view text = rest_.substr(0, size);
        auto spec = MatchSpec::parse(text);
        if (!spec) return wrong("a condition is made of specs: " + spec.error().message);
        if (spec->when) return wrong("a condition within a condition");
        rest_.remove_prefix(size);
        return SpecCondition{Kind::spec, std::string(strip(text)), {}};
    }

    /// A spec goes on to ` and `, ` or `, a parenthesis or the end.
    [[nodiscard]] std::size_t size_of_spec() const {
        std::size_t i = 0;
        while (i < rest_.size()) {
            i += end_of_bracket_value(rest_.substr(i), " ()[");
            if (i < rest_.size() && rest_[i] == '[') {
                i = matching_bracket(rest_, i);
                if (i == std::string_view::npos) return i;
                ++i;
                continue;
            }
            if (i >= rest_.size() || rest_[i] != ' ') break;
            const std::string_view ahead = strip(rest_.substr(i));
            if (begins_with_word(ahead, "and") || begins_with_word(ahead, "or")) break;
            ++i;
        }
        return i;
    }

    static bool begins_with_word(std::string_view text, std::string_view word) {
        if (!text.starts_with(word)) return false;
        return text.size() == word.size() || text[word.size()] == ' ' || text[word.size()] == '(';
    }

    bool take_word(std::string_view word) {
        if (!begins_with_word(rest_, word) || rest_.size() == word.size()) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    std::string_view rest_;
};

}  // namespace

Result<SpecCondition> SpecCondition::parse(std::string_view text) {
    return ConditionReader(text).read();
}

}  // namespace aimlock
