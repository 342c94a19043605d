#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock {

/// One clause of a specifier set (PEP 440): `>=1.2`, `==1.*`, `~=2.1`, `===anything`.
struct Pep440Specifier {
    enum class Op : std::uint8_t {
        equal,
        not_equal,
        less,
        less_equal,
        greater,
        greater_equal,
        compatible,
        arbitrary
    };
    Op op = Op::equal;
    bool prefix = false;                   ///< `==1.2.*`, `!=1.2.*`
    std::optional<Pep440Version> version;  ///< absent for `===` on a text that is no version
    std::string raw;                       ///< the version part as written

    /// Reads one clause, blanks around allowed. `at` is where `text` begins in its file.
    static Result<Pep440Specifier> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    [[nodiscard]] std::string text() const;
    /// True when `candidate` lies within, without any rule on pre-releases.
    [[nodiscard]] bool admits(const Pep440Version& candidate) const;
    /// True when this clause names a pre-release, which allows them (`!=` and `.*` never do).
    [[nodiscard]] bool names_prerelease() const;
};

/// A comma-separated set of clauses, all of which must hold. The empty set admits everything.
class SpecifierSet {
public:
    SpecifierSet() = default;
    explicit SpecifierSet(std::vector<Pep440Specifier> clauses) : clauses_(std::move(clauses)) {}

    /// Reads a set; blanks and empty clauses (a trailing comma) are allowed. Fails with the column of the
    /// offending clause.
    static Result<SpecifierSet> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    [[nodiscard]] std::span<const Pep440Specifier> clauses() const { return clauses_; }
    [[nodiscard]] bool empty() const { return clauses_.empty(); }

    /// True when every clause admits `version`; no rule on pre-releases. The solver applies that rule to
    /// whole names.
    [[nodiscard]] bool admits(const Pep440Version& version) const;

    /// As `admits`, but no pre-release where `prereleases` is false. One version alone has no alternative, so
    /// without a word on pre-releases one is taken, as the reference implementation does since 2025; `filter`
    /// is the cautious one.
    [[nodiscard]] bool contains(const Pep440Version& version,
                                std::optional<bool> prereleases = std::nullopt) const;
    /// The same for a text as an index spells it, which may be no version: only `===` or the empty set take
    /// such a text.
    [[nodiscard]] bool contains(std::string_view version,
                                std::optional<bool> prereleases = std::nullopt) const;

    /// PEP 440's `filter`: indices of what is taken, in order. Pre-releases are taken where `prereleases`
    /// says so, else where a clause names one, else only when nothing but pre-releases is left.
    [[nodiscard]] std::vector<std::size_t> filter(std::span<const Pep440Version> versions,
                                                  std::optional<bool> prereleases = std::nullopt) const;
    /// The same for texts as an index spells them.
    [[nodiscard]] std::vector<std::size_t> filter(std::span<const std::string> versions,
                                                  std::optional<bool> prereleases = std::nullopt) const;

    /// True when a clause names a pre-release (`>=2.0rc1`), which allows them.
    [[nodiscard]] bool names_prerelease() const;
    /// The one version that a `==X` (no `.*`) or `===X` clause pins, else nullopt.
    [[nodiscard]] std::optional<Pep440Version> pinned() const;
    /// True when some clause bounds the version from above (`<`, `<=`, `==`, `~=`, `===`).
    [[nodiscard]] bool has_upper_bound() const;

    /// Canonical spelling: clauses as written, sorted, each once, no blanks.
    [[nodiscard]] std::string text() const;

private:
    std::vector<Pep440Specifier> clauses_;
};

}  // namespace aimlock
