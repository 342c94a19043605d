#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/version/conda_range.hpp"
#include "solver/version/text_match.hpp"

namespace aimlock {

/// A pattern for one text field: exact, a glob with `*`, or a `^regex$` (CEP 29).
class TextPattern {
public:
    /// Fails on a `^…$` that is no regular expression.
    static Result<TextPattern> parse(std::string_view text, bool ignore_case = false);
    [[nodiscard]] bool matches(std::string_view value) const;
    [[nodiscard]] const std::string& text() const { return text_; }
    /// True when it matches exactly one value, `text()`.
    [[nodiscard]] bool is_exact() const { return kind_ == Kind::exact; }

private:
    enum class Kind : std::uint8_t { exact, glob, regex };
    std::string text_;
    TextRegex regex_;
    Kind kind_ = Kind::exact;
    bool ignore_case_ = false;
};

/// The fields of one conda record that a MatchSpec can look at. Views into the caller's memory.
struct MatchFields {
    std::string_view name;
    const CondaVersion* version = nullptr;
    std::string_view build;
    std::uint64_t build_number = 0;
    std::string_view channel;  ///< canonical name: "conda-forge"
    std::string_view subdir;
    std::string_view file_name;
    std::string_view url;
    std::string_view md5;     ///< hex; empty: not known
    std::string_view sha256;  ///< hex; empty: not known
    std::string_view license;
    std::string_view license_family;
    std::string_view track_features;
    std::string_view flags;  ///< CEP 45, joined by one blank
};

/// A query on conda records (CEP 29; keys `when`, `extras`, `flags` of CEP 43-45 are kept for the encoding to
/// lower).
struct MatchSpec {
    std::string name;  ///< lower case; "*" or a glob where the spec names no package
    std::optional<CondaRange> version;
    std::optional<TextPattern> build;
    std::optional<std::string> build_number;  ///< as written: "3", ">=2"
    std::optional<std::string> channel;       ///< canonical name or URL, as written before `::`
    std::optional<std::string> subdir;
    std::optional<std::string> file_name;
    std::optional<std::string> url;
    std::optional<std::string> md5;
    std::optional<std::string> sha256;
    std::optional<TextPattern> license;
    std::optional<TextPattern> license_family;
    std::vector<std::string> track_features;  ///< all of a record's, no more and no fewer
    std::optional<std::string> features;  ///< of an old scheme; no record here has any, so nothing matches
    std::optional<std::string> when;
    std::vector<std::string> extras;
    std::vector<std::string> flags;

    /// Reads a spec in any form that CEP 29 allows, or the URL or path of a package file. Where conda and
    /// rattler read a text differently it is read as conda does. `at` is where `text` begins in its file.
    static Result<MatchSpec> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    [[nodiscard]] bool matches(const MatchFields& record) const;
    /// Canonical spelling, for example `numpy[version='>=1.8,<1.9']`; parse(text()) gives an equal spec.
    [[nodiscard]] std::string text() const;
};

/// True for a subdir of conda channels: "linux-64", "noarch", …
bool is_known_subdir(std::string_view text);

/// True when a spec's channel (a name or a URL) means the channel of a record. `defaults` stands for its
/// members; a name means a URL or path that ends with it.
bool channel_matches(std::string_view asked, std::string_view channel);

/// The package name of a dependency string without parsing the rest: what precedes the first of ` =<>!~[` and
/// after `::`.
std::string_view match_spec_name(std::string_view text);

}  // namespace aimlock
