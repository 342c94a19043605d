#include "solver/version/text_match.hpp"

#include <regex>

#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr std::size_t longest_expression = 1000;
constexpr std::size_t longest_text = 1000;

}  // namespace

bool matches_glob(std::string_view glob, std::string_view text, bool ignore_case) {
    const auto same = [&](char a, char b) { return ignore_case ? to_lower(a) == to_lower(b) : a == b; };
    std::size_t at = 0;
    std::size_t star =
        std::string_view::npos;  // the last `*` met, and the text it was met at: where to try again
    std::size_t star_at = 0;
    std::size_t i = 0;
    while (at < text.size()) {
        if (i < glob.size() && glob[i] == '*') {
            star = i++;
            star_at = at;
        } else if (i < glob.size() && same(glob[i], text[at])) {
            ++i;
            ++at;
        } else if (star != std::string_view::npos) {
            i = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', i) == std::string_view::npos;
}

struct TextRegex::Compiled {
    std::regex regex;
};

Result<TextRegex> TextRegex::parse(std::string_view expression, bool ignore_case) {
    const std::string text(expression);
    if (text.size() > longest_expression)
        return fail(ErrorCode::syntax, "a regular expression of over 1000 bytes");
    auto flags = std::regex::ECMAScript;
#ifdef __GLIBCXX__
    flags |= std::regex_constants::__polynomial;  // no expression takes exponential time; back-references are
                                                  // refused
#endif
    if (ignore_case) flags |= std::regex::icase;
    try {
        TextRegex regex;
        regex.compiled_ = std::make_shared<const Compiled>(Compiled{std::regex(text, flags)});
        return regex;
    } catch (const std::regex_error&) {
        return fail(ErrorCode::syntax, "`" + text + "` is not a regular expression");
    }
}

bool TextRegex::matches(std::string_view text) const {
    if (text.size() > longest_text) return false;
    try {
        return std::regex_match(text.begin(), text.end(), compiled_->regex);
    } catch (const std::regex_error&) {
        return false;  // the library gave up on an expression that takes too many steps
    }
}

}  // namespace aimlock
