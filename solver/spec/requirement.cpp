#include "solver/spec/requirement.hpp"

#include <algorithm>
#include <utility>

#include "solver/base/sort_unique.hpp"
#include "solver/spec/package_name.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
constexpr bool is_name_char(char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
}
constexpr bool is_operator_char(char c) {
    return c == '=' || c == '<' || c == '>' || c == '!' || c == '~';
}
constexpr bool is_version_char(char c) {
    return is_name_char(c) || c == '+' || c == '!' || c == '*';
}

/// Reads `name [extras] (specifiers | @ url) ; marker` from left to right.
class RequirementReader {
public:
    RequirementReader(std::string_view text, SourcePos at) : text_(text), at_(std::move(at)) {}

    Result<Requirement> read() {
        skip_blanks();
        const std::string_view name = take_identifier();
        if (name.empty()) return wrong("expected a package name");
        requirement_.written_name = name;
        requirement_.name = normalize_pypi_name(name);
        skip_blanks();
        if (auto extras = read_extras(); !extras) return tl::make_unexpected(std::move(extras.error()));
        skip_blanks();
        auto rest = peek() == '@' ? read_url() : read_specifiers();
        if (!rest) return tl::make_unexpected(std::move(rest.error()));
        skip_blanks();
        if (auto marker = read_marker_part(); !marker) return tl::make_unexpected(std::move(marker.error()));
        return std::move(requirement_);
    }

private:
    [[nodiscard]] tl::unexpected<Error> wrong(std::string message) const {
        return fail_at(ErrorCode::syntax,
                       std::move(message) + " in the requirement `" + std::string(text_) + "`",
                       advanced(at_, position_), "write `name`, `name[extra]>=1.2,<2` or `name @ URL`");
    }

    [[nodiscard]] char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
    [[nodiscard]] bool at_end() const { return position_ == text_.size(); }

    template <class Belongs>
    std::string_view take_run(Belongs belongs) {
        const std::size_t begin = position_;
        while (position_ < text_.size() && belongs(text_[position_])) ++position_;
        return text_.substr(begin, position_ - begin);
    }

    void skip_blanks() { take_run(is_blank); }

    /// A name; separators at its end are left for what follows to refuse.
    std::string_view take_identifier() {
        if (!is_alnum(peek())) return {};
        std::string_view name = take_run(is_name_char);
        while (!is_alnum(name.back())) {
            name.remove_suffix(1);
            --position_;
        }
        return name;
    }

    Result<void> read_extras() {
        if (peek() != '[') return {};
        ++position_;
        skip_blanks();
        bool after_comma = false;
        while (peek() != ']') {
            const std::string_view extra = take_identifier();
            if (extra.empty()) return wrong(at_end() ? "`[` without `]`" : "expected the name of an extra");
            requirement_.extras.push_back(normalize_pypi_name(extra));
            skip_blanks();
            after_comma = peek() == ',';
            if (!after_comma) break;
            ++position_;
            skip_blanks();
        }
        if (after_comma) return wrong("expected the name of an extra after `,`");
        if (peek() != ']') return wrong("expected `,` or `]` after an extra");
        ++position_;
        std::vector<std::string>& extras = requirement_.extras;
        sort_unique(extras);
        return {};
    }

    Result<void> read_url() {
        ++position_;
        skip_blanks();
        const std::string_view url = take_run([](char c) { return !is_blank(c); });
        if (url.empty()) return wrong("expected a URL after `@`");
        requirement_.url = std::string(url);
        return {};
    }

    Result<void> read_specifiers() {
        const bool parenthesised = peek() == '(';
        if (parenthesised) {
            ++position_;
            skip_blanks();
        }
        const std::size_t begin = position_;
        while (is_operator_char(peek())) {
            take_clause();
            skip_blanks();
            if (peek() != ',') break;
            ++position_;
            skip_blanks();
        }
        auto set = SpecifierSet::parse(text_.substr(begin, position_ - begin), advanced(at_, begin));
        if (!set) return tl::make_unexpected(std::move(set.error()));
        requirement_.specifiers = *std::move(set);
        if (!parenthesised) return {};
        if (peek() != ')') return wrong("expected `)` after the version");
        ++position_;
        return {};
    }

    /// Moves over one clause; whether it is a good one is for SpecifierSet to say.
    void take_clause() {
        const bool arbitrary = take_run(is_operator_char) == "===";
        take_run(is_space);
        if (arbitrary) {
            take_run([](char c) { return !is_space(c) && c != ';' && c != ')'; });
        } else {
            take_run(is_version_char);
        }
    }

    Result<void> read_marker_part() {
        if (at_end()) return {};
        if (peek() != ';') return wrong("expected `;`, a version or the end");
        if (requirement_.url && !is_blank(text_[position_ - 1])) return wrong("expected a blank before `;`");
        const std::size_t begin = ++position_;
        auto marker = Marker::parse(text_.substr(begin), advanced(at_, begin));
        if (!marker) return tl::make_unexpected(std::move(marker.error()));
        requirement_.marker = *std::move(marker);
        return {};
    }

    std::string_view text_;
    SourcePos at_;
    std::size_t position_ = 0;
    Requirement requirement_;
};

}  // namespace

Result<Requirement> Requirement::parse(std::string_view text, SourcePos at) {
    return RequirementReader(text, std::move(at)).read();
}

std::string Requirement::text() const {
    std::string text = name;
    if (!extras.empty()) {
        char before = '[';
        for (const std::string& extra : extras) text.append(1, std::exchange(before, ',')).append(extra);
        text += ']';
    }
    text += specifiers.text();
    if (url) text.append(" @ ").append(*url).append(marker ? " " : "");
    if (marker) text.append("; ").append(marker->text());
    return text;
}

}  // namespace aimlock
