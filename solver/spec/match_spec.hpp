#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/version/conda_range.hpp"

namespace aimlock {

/// A pattern for one text field: exact, a glob with `*`, or a `^regex$` (CEP 29). Case-insensitive where CEP 29 says so.
class TextPattern {
public:
    static Result<TextPattern> parse(std::string_view text);
    [[nodiscard]] bool matches(std::string_view value) const;
    [[nodiscard]] const std::string& text() const { return text_; }
    /// True when it matches exactly one value, `text()`.
    [[nodiscard]] bool is_exact() const { return exact_; }

private:
    std::string text_;
    bool exact_ = true;
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
};

/// A query on conda records (CEP 29; keys `when`, `extras`, `flags` of CEP 43-45 are kept for the encoding to lower).
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
    std::vector<std::string> track_features;
    std::optional<std::string> when;
    std::vector<std::string> extras;
    std::vector<std::string> flags;

    /// Reads a spec in any form that CEP 29 allows. `at` is where `text` begins in its file.
    static Result<MatchSpec> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    [[nodiscard]] bool matches(const MatchFields& record) const;
    /// Canonical spelling, for example `numpy[version='>=1.8,<1.9']`; parse(text()) gives an equal spec.
    [[nodiscard]] std::string text() const;
};

/// The package name of a dependency string without parsing the rest: what precedes the first of ` =<>!~[` and after `::`.
std::string_view match_spec_name(std::string_view text);

}  // namespace aimlock
