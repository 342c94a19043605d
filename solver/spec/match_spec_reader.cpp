// Reading MatchSpecs. A spec is
//   (channel(/subdir)::)name( version( build))([key=value, …])
// with every part but the name left out at will, `=` for the blanks, and a past in which each tool read it a
// little differently; the comments below say where conda's reading surprises.
#include <algorithm>
#include <array>
#include <utility>

#include "solver/spec/match_spec.hpp"
#include "solver/spec/match_spec_brackets.hpp"
#include "solver/spec/spec_condition.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr std::string_view separators = "-_.";

bool is_package_file(std::string_view text) {
    return text.find_first_of("[]'\"") == std::string_view::npos &&
           (text.ends_with(".conda") || text.ends_with(".tar.bz2"));
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool coded = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                           hex_value(text[i + 2]) >= 0;
        decoded += coded ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
        if (coded) i += 2;
    }
    return decoded;
}

/// Letters, digits and separators in any case, no two dots or dashes in a row, no separator first but
/// underscores;
/// `*` for globs.
bool is_name_or_glob(std::string_view name) {
    if (name.starts_with('.') || name.starts_with('-')) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (!is_alnum(c) && c != '*' && separators.find(c) == std::string_view::npos) return false;
        if (i != 0 && c == name[i - 1] && (c == '.' || c == '-')) return false;
    }
    return !name.empty();
}

/// What would end the pair `[channel=…]` or its quotes is in no name and no URL.
bool may_be_channel(std::string_view text) {
    return text.find_first_of("[]'\"") == std::string_view::npos;
}

bool is_build_number(std::string_view text) {
    if (text == "*") return true;
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">", "="}) {
        if (!text.starts_with(op)) continue;
        text.remove_prefix(op.size());
        break;
    }
    return !text.empty() && text.size() <= 19 && std::ranges::all_of(text, is_digit);
}

struct VersionAndBuild {
    std::string_view version;
    std::string_view build;
    bool build_after_blank = false;
};

/// Splits `>=1.0 , < 2.0 py34_0` or `1.0=py34_0`: the build follows the first blank or `=` that no operator
/// precedes and after which no operator comes.
VersionAndBuild split_version_and_build(std::string_view text) {
    const std::size_t last_special = text.find_last_of("-=,|<>~");
    const std::size_t from =
        last_special == std::string_view::npos ? 1 : std::max<std::size_t>(last_special, 1);
    for (std::size_t i = from; i + 1 < text.size(); ++i) {
        if (text[i] != ' ' && text[i] != '=') continue;
        if (std::string_view("=!|,<>~").find(text[i - 1]) != std::string_view::npos) continue;
        const std::string_view build = strip(text.substr(i + 1));
        if (build.empty()) break;
        return {strip(text.substr(0, i)), build, text[i] == ' '};
    }
    return {text, {}, false};
}

/// The version as CondaRange reads it: without blanks, `==1.8` as `1.8`, a lone `=1.8` as `1.8*`.
/// `=1.8=build` asks for 1.8 itself, as only the build makes it exact.
std::string plain_version(std::string_view version, bool exact) {
    std::string text;
    for (const char c : version) {
        if (!is_space(c)) text += c;
    }
    if (text.starts_with("==") && !text.starts_with("===")) return text.substr(2);
    if (!text.starts_with('=') || text.find_first_of("=,|", 1) != std::string::npos) return text;
    text.erase(0, 1);
    if (!exact && !text.empty() && text.back() != '*') text += '*';
    return text;
}

class SpecReader {
public:
    SpecReader(std::string_view text, SourcePos at) : whole_(text), at_(std::move(at)) {}

    Result<MatchSpec> read();

private:
    using Wrong = tl::unexpected<Error>;

    [[nodiscard]] Wrong wrong(std::string message, std::string_view where) const {
        const auto offset = static_cast<std::size_t>(where.data() - whole_.data());
        return fail_at(ErrorCode::syntax, std::move(message) + " in the spec `" + std::string(whole_) + "`",
                       advanced(at_, offset), "write `name`, `name >=1.2,<2` or `name 1.2.* build*`");
    }

    Result<MatchSpec> read_file(std::string_view file);
    Result<void> read_channel(std::string_view channel);
    Result<void> read_name_and_rest(std::string_view text);
    Result<void> set_version(std::string_view version, bool exact, std::string_view where);
    Result<void> set_build(std::string_view build, std::string_view where);
    Result<void> read_brackets(std::string_view inside);
    Result<void> set_key(const BracketPair& pair);
    Result<void> set_condition(std::string_view condition);
    Result<void> set_text_key(const BracketPair& pair);

    std::string_view whole_;
    SourcePos at_;
    MatchSpec spec_;
};

Result<MatchSpec> SpecReader::read() {
    std::string_view text = strip(whole_.substr(0, whole_.find('#')));
    if (text.empty()) return wrong("expected a package name", whole_);
    if (text.size() > 1 && text.ends_with('@')) {  // an old way to ask for a feature
        if (!is_name_or_glob(text.substr(0, text.size() - 1)))
            return wrong("expected a feature before `@`", text);
        spec_.name = "*";
        spec_.track_features.emplace_back(text.substr(0, text.size() - 1));
        return std::move(spec_);
    }
    if (is_package_file(text)) return read_file(text);
    // `dep; if python <3.11`, as the first tools wrote what became `[when=…]`.
    if (const std::size_t semicolon = end_of_bracket_value(text, ";"); semicolon < text.size()) {
        const std::string_view condition = strip(text.substr(semicolon + 1));
        if (!condition.starts_with("if ")) return wrong("expected `if` after `;`", text.substr(semicolon));
        if (auto set = set_condition(strip(condition.substr(3))); !set)
            return tl::make_unexpected(std::move(set.error()));
        text = strip(text.substr(0, semicolon));
    }
    std::string_view brackets;
    if (const std::size_t open = text.find('['); open != std::string_view::npos) {
        const std::size_t close = matching_bracket(text, open);
        if (close == std::string_view::npos) return wrong("`[` without `]`", text.substr(open));
        if (close + 1 != text.size()) return wrong("unexpected text after `]`", text.substr(close + 1));
        brackets = text.substr(open, close + 1 - open);
        text = strip(text.substr(0, open));
    }
    if (const std::size_t condition = text.find(" if "); condition != std::string_view::npos) {
        return wrong("a condition is written `[when=…]`", text.substr(condition + 1));
    }
    if (const std::size_t colons = text.rfind("::"); colons != std::string_view::npos) {
        if (auto read = read_channel(text.substr(0, colons)); !read)
            return tl::make_unexpected(std::move(read.error()));
        text.remove_prefix(colons + 2);
    }
    if (auto read = read_name_and_rest(text); !read) return tl::make_unexpected(std::move(read.error()));
    if (!brackets.empty()) {
        if (auto read = read_brackets(brackets.substr(1, brackets.size() - 2)); !read) {
            return tl::make_unexpected(std::move(read.error()));
        }
    }
    return std::move(spec_);
}

/// The URL or path of a package: below a subdir its name says all, elsewhere only the address counts.
Result<MatchSpec> SpecReader::read_file(std::string_view file) {
    const bool is_path = file.find("://") == std::string_view::npos;
    std::string url(is_path ? "file://" : "");
    for (const char c :
         file) {  // a bracket would end the pair `[url=…]` that this becomes when it is written
        url += c == '[' ? "%5B" : c == ']' ? "%5D" : std::string(1, c);
    }
    const std::string decoded = percent_decoded(url);
    std::string_view rest = decoded;
    const std::size_t slash = rest.rfind('/');
    std::string_view stem = rest.substr(slash + 1);
    spec_.name = "*";
    if (is_path && !file.starts_with('/')) {  // a relative path: where it leads is not ours to say
        spec_.file_name = std::string(stem);
        return std::move(spec_);
    }
    spec_.url = url;
    rest = rest.substr(0, slash);
    const std::size_t before = rest.rfind('/');
    if (before == std::string_view::npos || !is_known_subdir(rest.substr(before + 1)))
        return std::move(spec_);
    if (!may_be_channel(rest.substr(0, before)))
        return wrong("a channel holds no quotes and brackets,", file);
    spec_.channel = std::string(rest.substr(0, before));
    spec_.subdir = std::string(rest.substr(before + 1));
    stem.remove_suffix(stem.ends_with(".conda") ? 6 : 8);
    const std::size_t build = stem.rfind('-');
    const std::size_t version =
        build == std::string_view::npos || build == 0 ? build : stem.rfind('-', build - 1);
    if (version == std::string_view::npos || version == 0)
        return wrong("a file name is `name-version-build`", file);
    if (!is_name_or_glob(stem.substr(0, version)))
        return wrong("the file's name begins with no package name", file);
    spec_.name = to_lower(stem.substr(0, version));
    if (auto set = set_version(stem.substr(version + 1, build - version - 1), true, file); !set) {
        return tl::make_unexpected(std::move(set.error()));
    }
    if (auto set = set_build(stem.substr(build + 1), file); !set)
        return tl::make_unexpected(std::move(set.error()));
    return std::move(spec_);
}

Result<void> SpecReader::read_channel(std::string_view channel) {
    while (channel.ends_with('/')) channel.remove_suffix(1);
    if (channel.empty()) return wrong("expected a channel before `::`", whole_);
    if (!may_be_channel(channel)) return wrong("a channel holds no quotes and brackets,", channel);
    const std::size_t slash = channel.rfind('/');
    if (slash != std::string_view::npos && is_known_subdir(channel.substr(slash + 1))) {
        spec_.subdir = std::string(channel.substr(slash + 1));
        channel = channel.substr(0, slash);
    }
    const bool of_defaults = channel == "pkgs/main" || channel == "pkgs/r" || channel == "pkgs/msys2";
    spec_.channel = std::string(of_defaults ? "defaults" : channel);
    return {};
}

Result<void> SpecReader::read_name_and_rest(std::string_view text) {
    text = strip(text);
    const std::size_t size = std::min(text.find_first_of(" =<>!~"), text.size());
    const std::string_view name = text.substr(0, size);
    if (name.empty()) return wrong("expected a package name", text);
    if (!is_name_or_glob(name)) return wrong("`" + std::string(name) + "` is not a package name", name);
    spec_.name = to_lower(name);
    const std::string_view rest = strip(text.substr(size));
    if (rest.empty() || rest == "=") return {};  // `name=` says no more than `name`
    if (const std::size_t paren = rest.find_first_of("()"); paren != std::string_view::npos) {
        return wrong("parentheses belong into `[version='…']`,", rest.substr(paren));
    }
    const VersionAndBuild parts = split_version_and_build(rest);
    const bool exact = !parts.build.empty() && !parts.build_after_blank;
    if (auto set = set_version(parts.version, exact, parts.version); !set) return set;
    return parts.build.empty() ? Result<void>{} : set_build(parts.build, parts.build);
}

Result<void> SpecReader::set_version(std::string_view version, bool exact, std::string_view where) {
    auto range = CondaRange::parse(plain_version(version, exact));
    if (!range) return wrong(range.error().message, where);
    spec_.version = *std::move(range);
    return {};
}

Result<void> SpecReader::set_build(std::string_view build, std::string_view where) {
    auto pattern = TextPattern::parse(build);
    if (!pattern) return wrong(pattern.error().message, where);
    if (build.find(' ') != std::string_view::npos) return wrong("unexpected text after the build", where);
    if (!build.starts_with('^') && build.find_first_of("'\"[]()") != std::string_view::npos) {
        return wrong("`" + std::string(build) + "` is not a build", where);
    }
    spec_.build = *std::move(pattern);
    return {};
}

Result<void> SpecReader::read_brackets(std::string_view inside) {
    auto pairs = read_bracket_pairs(inside);
    if (!pairs) return wrong(pairs.error().message, inside);
    for (auto pair = pairs->begin(); pair != pairs->end(); ++pair) {
        if (std::ranges::find(pairs->begin(), pair, pair->key, &BracketPair::key) != pair) {
            return wrong("`" + std::string(pair->key) + "` is given twice", pair->key);
        }
    }
    // A channel may hold a subdir that the key `subdir` overrides, whichever comes first.
    std::ranges::stable_sort(*pairs, {}, [](const BracketPair& pair) { return pair.key == "subdir"; });
    for (const BracketPair& pair : *pairs) {
        if (auto set = set_key(pair); !set) return set;
    }
    return {};
}

Result<void> SpecReader::set_key(const BracketPair& pair) {
    if (pair.key == "version") return set_version(pair.value, false, pair.value);
    if (pair.key == "build") return set_build(pair.value, pair.value);
    if (pair.key == "channel") return read_channel(pair.value);
    if (pair.key == "extras" || pair.key == "flags") {
        auto items = read_bracket_list(pair.value);
        if (!items) return wrong(items.error().message, pair.value);
        (pair.key == "extras" ? spec_.extras : spec_.flags) = *std::move(items);
        return {};
    }
    if (pair.key == "when") {
        return set_condition(pair.value);
    }
    if (pair.key == "build_number") {
        if (!is_build_number(pair.value)) return wrong("a build number is `3` or `>=3`,", pair.value);
        spec_.build_number = std::string(pair.value);
        return {};
    }
    if (pair.key == "license" || pair.key == "license_family") {
        const bool family = pair.key == "license_family";
        auto pattern = TextPattern::parse(family ? to_lower(pair.value) : std::string(pair.value), true);
        if (!pattern) return wrong(pattern.error().message, pair.value);
        (family ? spec_.license_family : spec_.license) = *std::move(pattern);
        return {};
    }
    return set_text_key(pair);
}

Result<void> SpecReader::set_condition(std::string_view condition) {
    if (auto read = SpecCondition::parse(condition); !read) return wrong(read.error().message, condition);
    spec_.when = std::string(condition);
    return {};
}

Result<void> SpecReader::set_text_key(const BracketPair& pair) {
    const std::string value(pair.value);
    if (pair.key == "name") {
        if (!is_name_or_glob(value)) return wrong("`" + value + "` is not a package name", pair.value);
        spec_.name = to_lower(value);
    } else if (pair.key == "subdir") {
        spec_.subdir = value;
    } else if (pair.key == "fn") {
        spec_.file_name = value;
    } else if (pair.key == "url") {
        spec_.url = value;
    } else if (pair.key == "md5") {
        spec_.md5 = value;
    } else if (pair.key == "sha256") {
        spec_.sha256 = value;
    } else if (pair.key == "features") {
        spec_.features = value;
    } else if (pair.key == "track_features") {
        for (std::string_view rest = pair.value; !(rest = strip(rest)).empty();) {
            const std::size_t size = std::min(rest.find_first_of(" ,"), rest.size());
            if (size != 0) spec_.track_features.emplace_back(rest.substr(0, size));
            rest.remove_prefix(std::min(size + 1, rest.size()));
        }
    } else {
        return wrong("unknown key `" + std::string(pair.key) + "`", pair.key);
    }
    return {};
}

}  // namespace

Result<MatchSpec> MatchSpec::parse(std::string_view text, SourcePos at) {
    return SpecReader(text, std::move(at)).read();
}

}  // namespace aimlock
