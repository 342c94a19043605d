#include "solver/version/pep440_specifier.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

using Op = Pep440Specifier::Op;

struct Symbol {
    std::string_view text;
    Op op;
};
// Longest first: `==` is not `=`, `===` is not `==`.
constexpr std::array symbols{Symbol{"===", Op::arbitrary},    Symbol{"==", Op::equal},
                             Symbol{"!=", Op::not_equal},     Symbol{"<=", Op::less_equal},
                             Symbol{">=", Op::greater_equal}, Symbol{"~=", Op::compatible},
                             Symbol{"<", Op::less},           Symbol{">", Op::greater}};

std::string_view symbol_of(Op op) {
    return std::ranges::find(symbols, op, &Symbol::op)->text;
}

tl::unexpected<Error> bad_clause(std::string message, SourcePos at) {
    return fail_at(ErrorCode::syntax, std::move(message), std::move(at),
                   "write a clause such as `>=1.2` or `==1.2.*`");
}

/// `<V` leaves out V's own pre-releases, unless V is one.
bool below(const Pep440Version& candidate, const Pep440Version& version) {
    if (!(candidate < version)) return false;
    if (version.is_prerelease()) return true;
    const bool same_family = version.is_postrelease() ? candidate.post_key() == version.post_key()
                                                      : candidate.release_key() == version.release_key();
    return !same_family;
}

/// `>V` leaves out V's local versions and, unless V is one, V's post-releases.
bool above(const Pep440Version& candidate, const Pep440Version& version) {
    if (!(candidate > version)) return false;
    if (version.is_postrelease() || version.is_devrelease())
        return candidate.public_key() != version.public_key();
    return candidate.pre_key() != version.pre_key();
}

bool equal(const Pep440Version& candidate, const Pep440Specifier& clause) {
    if (clause.prefix) return candidate.shares_release(*clause.version, clause.version->release_size());
    if (clause.version->has_local()) return candidate == *clause.version;
    return candidate.public_key() == clause.version->public_key();
}

/// `~=1.2.3` is `>=1.2.3` and `==1.2.*`; the last number of the release is free to grow.
bool compatible(const Pep440Version& candidate, const Pep440Specifier& clause) {
    const Pep440Version& version = *clause.version;
    return candidate.public_key() >= version.public_key() &&
           candidate.shares_release(version, version.release_size() - 1);
}

/// A spelling that two clauses share when they mean the same.
std::string meaning(const Pep440Specifier& clause) {
    if (clause.op == Op::arbitrary || clause.prefix || clause.op == Op::compatible) return clause.text();
    return std::string(symbol_of(clause.op)) + clause.version->canonical_text();
}

bool all_of_clauses(const SpecifierSet& set, std::string_view text, const Result<Pep440Version>& version) {
    return std::ranges::all_of(set.clauses(), [&](const Pep440Specifier& clause) {
        if (clause.op == Op::arbitrary) return equals_nocase(text, to_lower(clause.raw));
        return version.has_value() && clause.admits(*version);
    });
}

/// Where nothing says whether pre-releases are wanted: they are, when nothing else is left.
struct Candidate {
    bool taken;
    bool final;       ///< a version that is no pre-release
    bool prerelease;  ///< neither: not a version
};

std::vector<std::size_t> filtered(std::span<const Candidate> candidates, std::optional<bool> prereleases) {
    const bool has_final =
        std::ranges::any_of(candidates, [](const Candidate& c) { return c.taken && c.final; });
    const bool take_prereleases = prereleases.value_or(!has_final);
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].taken && (take_prereleases || !candidates[i].prerelease)) chosen.push_back(i);
    }
    return chosen;
}

}  // namespace

namespace {

/// Reads the version of a clause other than `===`.
Result<Pep440Specifier> with_version(Pep440Specifier specifier, std::string_view version, SourcePos at) {
    const std::string of_operator = " after `" + std::string(symbol_of(specifier.op)) + "`";
    if (version.empty()) return bad_clause("expected a version" + of_operator, std::move(at));
    const bool equality = specifier.op == Op::equal || specifier.op == Op::not_equal;
    if (version.ends_with(".*")) {
        if (!equality)
            return bad_clause("`.*`" + of_operator + ": only `==` and `!=` take it", std::move(at));
        specifier.prefix = true;
        version.remove_suffix(2);
    }
    auto parsed = Pep440Version::parse(version);
    if (!parsed) return bad_clause(std::move(parsed.error().message) + of_operator, std::move(at));
    const Pep440Version& v = specifier.version.emplace(*std::move(parsed));
    if (v.has_local() && !equality) return bad_clause("a local version" + of_operator, std::move(at));
    const bool release_only = !v.is_prerelease() && !v.is_postrelease() && !v.has_local();
    if (specifier.prefix && !release_only) {
        return bad_clause("`.*` after a pre-release, post-release, development release or local version",
                          std::move(at));
    }
    if (specifier.op == Op::compatible && v.release_size() < 2) {
        return bad_clause("`~=` needs a version of at least two numbers", std::move(at));
    }
    return specifier;
}

}  // namespace

Result<Pep440Specifier> Pep440Specifier::parse(std::string_view text, SourcePos at) {
    const std::string_view clause = strip(text);
    if (!clause.empty()) at = advanced(std::move(at), static_cast<std::size_t>(clause.data() - text.data()));
    const auto* symbol =
        std::ranges::find_if(symbols, [&](const Symbol& s) { return clause.starts_with(s.text); });
    if (symbol == symbols.end()) {
        return bad_clause("expected one of ===, ==, !=, <=, >=, ~=, <, > in `" + std::string(clause) + "`",
                          std::move(at));
    }
    const std::string_view version = strip(clause.substr(symbol->text.size()));
    at = advanced(std::move(at),
                  version.empty() ? clause.size() : static_cast<std::size_t>(version.data() - clause.data()));
    Pep440Specifier specifier;
    specifier.op = symbol->op;
    specifier.raw = version;
    if (symbol->op != Op::arbitrary) return with_version(std::move(specifier), version, std::move(at));
    if (version.find_first_of(" \t\n\r\f\v;)") != std::string_view::npos) {
        return bad_clause("`" + std::string(version) + "` after `===` holds a blank, `;` or `)`",
                          std::move(at));
    }
    if (auto parsed = Pep440Version::parse(version)) specifier.version = *std::move(parsed);
    return specifier;
}

std::string Pep440Specifier::text() const {
    return std::string(symbol_of(op)) + raw;
}

bool Pep440Specifier::admits(const Pep440Version& candidate) const {
    switch (op) {
        case Op::equal:
            return equal(candidate, *this);
        case Op::not_equal:
            return !equal(candidate, *this);
        case Op::less:
            return below(candidate, *version);
        case Op::less_equal:
            return candidate.public_key() <= version->public_key();
        case Op::greater:
            return above(candidate, *version);
        case Op::greater_equal:
            return candidate.public_key() >= version->public_key();
        case Op::compatible:
            return compatible(candidate, *this);
        case Op::arbitrary:
            return equals_nocase(candidate.text(), to_lower(raw));
    }
    return false;
}

bool Pep440Specifier::names_prerelease() const {
    return version.has_value() && op != Op::not_equal && !prefix && version->is_prerelease();
}

Result<SpecifierSet> SpecifierSet::parse(std::string_view text, SourcePos at) {
    SpecifierSet set;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string_view clause = text.substr(begin, end - begin);
        if (!strip(clause).empty()) {
            auto specifier = Pep440Specifier::parse(clause, advanced(at, begin));
            if (!specifier) return tl::make_unexpected(std::move(specifier.error()));
            set.clauses_.push_back(*std::move(specifier));
        }
        begin = end + 1;
    }
    return set;
}

bool SpecifierSet::admits(const Pep440Version& version) const {
    return std::ranges::all_of(clauses_,
                               [&](const Pep440Specifier& clause) { return clause.admits(version); });
}

bool SpecifierSet::contains(const Pep440Version& version, std::optional<bool> prereleases) const {
    if (!prereleases.value_or(true) && version.is_prerelease()) return false;
    return admits(version);
}

bool SpecifierSet::contains(std::string_view version, std::optional<bool> prereleases) const {
    const Result<Pep440Version> parsed = Pep440Version::parse(version);
    if (parsed && parsed->is_prerelease() && !prereleases.value_or(true)) return false;
    return all_of_clauses(*this, version, parsed);
}

std::vector<std::size_t> SpecifierSet::filter(std::span<const Pep440Version> versions,
                                              std::optional<bool> prereleases) const {
    std::vector<Candidate> candidates;
    candidates.reserve(versions.size());
    for (const Pep440Version& version : versions) {
        candidates.push_back({admits(version), !version.is_prerelease(), version.is_prerelease()});
    }
    if (!prereleases && names_prerelease()) prereleases = true;
    return filtered(candidates, prereleases);
}

std::vector<std::size_t> SpecifierSet::filter(std::span<const std::string> versions,
                                              std::optional<bool> prereleases) const {
    std::vector<Candidate> candidates;
    candidates.reserve(versions.size());
    for (const std::string& version : versions) {
        const Result<Pep440Version> parsed = Pep440Version::parse(version);
        candidates.push_back({all_of_clauses(*this, version, parsed), parsed && !parsed->is_prerelease(),
                              parsed && parsed->is_prerelease()});
    }
    if (!prereleases && names_prerelease()) prereleases = true;
    return filtered(candidates, prereleases);
}

bool SpecifierSet::names_prerelease() const {
    return std::ranges::any_of(clauses_,
                               [](const Pep440Specifier& clause) { return clause.names_prerelease(); });
}

std::optional<Pep440Version> SpecifierSet::pinned() const {
    for (const Pep440Specifier& clause : clauses_) {
        const bool pins = (clause.op == Op::equal && !clause.prefix) || clause.op == Op::arbitrary;
        if (pins && clause.version) return clause.version;
    }
    return std::nullopt;
}

bool SpecifierSet::has_upper_bound() const {
    return std::ranges::any_of(clauses_, [](const Pep440Specifier& clause) {
        return clause.op != Op::greater && clause.op != Op::greater_equal && clause.op != Op::not_equal;
    });
}

std::string SpecifierSet::text() const {
    std::vector<const Pep440Specifier*> sorted;
    for (const Pep440Specifier& clause : clauses_) sorted.push_back(&clause);
    std::ranges::sort(sorted, {}, [](const Pep440Specifier* clause) { return clause->text(); });
    std::set<std::string> met;  // `==1.0` and `==1.0.0` ask for the same
    std::string joined;
    for (const Pep440Specifier* clause : sorted) {
        if (!met.insert(meaning(*clause)).second) continue;
        joined.append(joined.empty() ? "" : ",").append(clause->text());
    }
    return joined;
}

}  // namespace aimlock
