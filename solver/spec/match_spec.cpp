#include "solver/spec/match_spec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "solver/spec/match_spec_brackets.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr std::array<std::string_view, 20> known_subdirs{
    "emscripten-wasm32", "freebsd-64",   "linux-32",    "linux-64",      "linux-aarch64",
    "linux-armv6l",      "linux-armv7l", "linux-ppc64", "linux-ppc64le", "linux-riscv32",
    "linux-riscv64",     "linux-s390x",  "noarch",      "osx-64",        "osx-arm64",
    "wasi-wasm32",       "win-32",       "win-64",      "win-arm64",     "zos-z"};

/// The channels that `defaults` stands for.
constexpr std::array<std::string_view, 4> default_channels{"defaults", "pkgs/main", "pkgs/r", "pkgs/msys2"};

std::string_view without_trailing_slash(std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
}

/// The channel alone, where a subdir follows it.
std::string_view without_subdir(std::string_view channel) {
    channel = without_trailing_slash(channel);
    const std::size_t slash = channel.rfind('/');
    if (slash == std::string_view::npos || !is_known_subdir(channel.substr(slash + 1))) return channel;
    return without_trailing_slash(channel.substr(0, slash));
}

/// `path` is `name`, or ends with it as whole path components.
bool ends_with_path(std::string_view path, std::string_view name) {
    if (!path.ends_with(name)) return false;
    return path.size() == name.size() || path[path.size() - name.size() - 1] == '/';
}

bool is_url(std::string_view text) {
    return text.find("://") != std::string_view::npos;
}

bool text_matches(std::string_view pattern, std::string_view value) {
    return pattern.find('*') == std::string_view::npos ? pattern == value : matches_glob(pattern, value);
}

bool hash_matches(const std::optional<std::string>& asked, std::string_view known) {
    return !asked || equals_nocase(known, to_lower(*asked));
}

/// `3`, `>=2`, `*`, … as conda reads build numbers; the text was checked when it was read.
bool build_number_matches(std::string_view asked, std::uint64_t number) {
    if (asked == "*") return true;
    const std::size_t digits = asked.find_first_of("0123456789");
    const std::string_view op = asked.substr(0, digits);
    std::uint64_t bound = 0;
    if (digits == std::string_view::npos) return false;
    std::from_chars(asked.data() + digits, asked.data() + asked.size(), bound);
    if (op == ">=") return number >= bound;
    if (op == ">") return number > bound;
    if (op == "<=") return number <= bound;
    if (op == "<") return number < bound;
    if (op == "!=") return number != bound;
    return number == bound;
}

bool features_match(const std::vector<std::string>& asked, std::string_view track_features) {
    std::set<std::string_view> tracked;
    while (!(track_features = strip(track_features)).empty()) {
        const std::size_t size = std::min(track_features.find_first_of(" ,"), track_features.size());
        if (size != 0) tracked.insert(track_features.substr(0, size));
        track_features.remove_prefix(std::min(size + 1, track_features.size()));
    }
    return tracked == std::set<std::string_view>(asked.begin(), asked.end());
}

/// Each flag that is asked for is one of the record's; `*` for globs.
bool flags_match(const std::vector<std::string>& asked, std::string_view flags) {
    return std::ranges::all_of(asked, [&](const std::string& flag) {
        for (std::string_view rest = flags; !rest.empty();) {
            const std::size_t size = std::min(rest.find(' '), rest.size());
            if (text_matches(flag, rest.substr(0, size))) return true;
            rest.remove_prefix(std::min(size + 1, rest.size()));
        }
        return false;
    });
}

/// Writes `key=value` pairs of a canonical spelling.
class Brackets {
public:
    void add(std::string_view key, std::string_view value, std::string_view quoted_for = ", =") {
        if (!text_.empty()) text_ += ',';
        // Quotes between brackets close nothing; of the others a value that was read has one kind at most.
        const auto holds = [&](std::string_view stops) {
            return end_of_bracket_value(value, stops) < value.size();
        };
        const bool quoted = value.find_first_of(quoted_for) != std::string_view::npos || holds("'\"");
        const char quote = holds("'") ? '"' : '\'';
        text_.append(key).append("=");
        if (quoted) text_ += quote;
        text_ += value;
        if (quoted) text_ += quote;
    }
    void add_if(std::string_view key, const std::optional<std::string>& value) {
        if (value) add(key, std::string_view(*value));
    }
    void add_list(std::string_view key, std::vector<std::string> values) {
        if (values.empty()) return;
        std::ranges::sort(values);
        std::string list;
        for (const std::string& value : values)
            list.append(list.empty() ? "['" : ", '").append(value).append("'");
        add(key, list + "]", "");
    }
    [[nodiscard]] std::string text() const { return text_.empty() ? text_ : "[" + text_ + "]"; }

private:
    std::string text_;
};

/// The version outside the brackets, or a pair inside; true when it is exact and outside, so that a build may
/// follow.
bool write_version(const std::string& version, bool has_build, std::string& outside, Brackets& brackets) {
    const bool relation = version.find_first_of("><$^|,") != std::string::npos;
    const bool other = version.starts_with("!=") || version.starts_with("~=");
    const std::string_view stem = std::string_view(version).substr(0, version.find_last_not_of('*') + 1);
    const bool glob = stem.find('*') != std::string_view::npos;  // `=1.*` would not read back as `1.*.*`
    if (version == "*") return false;
    if (relation || (other ? has_build : glob)) {
        brackets.add("version", version, version);  // always quoted
    } else if (other) {
        outside += version;
    } else if (version.ends_with(".*")) {
        outside.append("=").append(version, 0, version.size() - 2);
    } else if (version.ends_with('*')) {
        outside.append("=").append(version, 0, version.size() - 1);
    } else {
        outside.append(version.starts_with("=") ? "" : "==").append(version);
        return true;
    }
    return false;
}

}  // namespace

bool is_known_subdir(std::string_view text) {
    return std::ranges::binary_search(known_subdirs, text);
}

bool channel_matches(std::string_view asked, std::string_view channel) {
    asked = without_subdir(asked);
    channel = without_subdir(channel);
    if (asked == channel || asked == "*") return true;
    if (asked == "defaults") {
        return std::ranges::any_of(default_channels,
                                   [&](std::string_view one) { return ends_with_path(channel, one); });
    }
    if (is_url(asked)) return !is_url(channel) && ends_with_path(asked, channel);
    return ends_with_path(channel, asked) || ends_with_path(asked, channel) || text_matches(asked, channel);
}

std::string_view match_spec_name(std::string_view text) {
    text = strip(text);
    if (const std::size_t channel = text.substr(0, text.find('[')).rfind("::");
        channel != std::string_view::npos) {
        text.remove_prefix(channel + 2);
    }
    return text.substr(0, text.find_first_of(" =<>!~[;"));
}

Result<TextPattern> TextPattern::parse(std::string_view text, bool ignore_case) {
    TextPattern pattern;
    pattern.text_ = text;
    pattern.ignore_case_ = ignore_case;
    if (text.starts_with('^') && text.ends_with('$') && text.size() > 1) {
        auto regex = TextRegex::parse(text, ignore_case);
        if (!regex) return tl::make_unexpected(std::move(regex.error()));
        pattern.regex_ = *std::move(regex);
        pattern.kind_ = Kind::regex;
    } else if (text.find('*') != std::string_view::npos) {
        pattern.kind_ = Kind::glob;
    }
    return pattern;
}

bool TextPattern::matches(std::string_view value) const {
    switch (kind_) {
        case Kind::exact:
            return ignore_case_ ? equals_nocase(value, to_lower(text_)) : value == text_;
        case Kind::glob:
            return matches_glob(text_, value, ignore_case_);
        case Kind::regex:
            return regex_.matches(value);
    }
    return false;
}

bool MatchSpec::matches(const MatchFields& record) const {
    if (!text_matches(name, record.name)) return false;
    if (version && (record.version == nullptr || !version->contains(*record.version))) return false;
    if (build && !build->matches(record.build)) return false;
    if (build_number && !build_number_matches(*build_number, record.build_number)) return false;
    if (channel && !channel_matches(*channel, record.channel)) return false;
    if (subdir && !text_matches(*subdir, record.subdir)) return false;
    if (file_name && !text_matches(*file_name, record.file_name)) return false;
    if (url && !text_matches(*url, record.url)) return false;
    if (!hash_matches(md5, record.md5) || !hash_matches(sha256, record.sha256)) return false;
    if (license && !license->matches(record.license)) return false;
    if (license_family && !license_family->matches(record.license_family)) return false;
    if (!track_features.empty() && !features_match(track_features, record.track_features)) return false;
    if (!flags.empty() && !flags_match(flags, record.flags)) return false;
    return !features.has_value();
}

std::string MatchSpec::text() const {
    std::string outside;
    Brackets brackets;
    const bool exact_channel = channel && channel->find('*') == std::string::npos;
    if (exact_channel) {
        outside = *channel;
        if (subdir) outside.append("/").append(*subdir);
        outside += "::";
    } else {
        if (channel && *channel != "*") brackets.add("channel", *channel);
        brackets.add_if("subdir", subdir);
    }
    outside += name;
    const bool exact_version =
        version && write_version(version->text(), build.has_value(), outside, brackets);
    if (build) {
        const bool plain = build->text().find_first_of("><$^|,*") == std::string::npos;
        if (exact_version && plain) {
            outside.append("=").append(build->text());
        } else {
            brackets.add("build", build->text(), "><$^|,");
        }
    }
    brackets.add_if("build_number", build_number);
    std::string tracked;
    for (const std::string& feature : track_features)
        tracked.append(tracked.empty() ? "" : " ").append(feature);
    if (!tracked.empty()) brackets.add("track_features", tracked);
    brackets.add_if("features", features);
    if (!channel) brackets.add_if("url", url);
    brackets.add_if("md5", md5);
    brackets.add_if("sha256", sha256);
    if (license) brackets.add("license", license->text());
    if (license_family) brackets.add("license_family", license_family->text());
    brackets.add_if("fn", file_name);
    brackets.add_if("when", when);
    brackets.add_list("extras", extras);
    brackets.add_list("flags", flags);
    std::string written = outside + brackets.text();
    // Else it would read back as the name of a file.
    if (written.ends_with(".conda") || written.ends_with(".tar.bz2")) written += "[]";
    return written;
}

}  // namespace aimlock
