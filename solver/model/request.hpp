#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/model/preference.hpp"
#include "solver/model/target.hpp"
#include "solver/spec/match_spec.hpp"
#include "solver/spec/requirement.hpp"

namespace aimlock {

/// A conda requirement and the line that asks for it.
struct CondaRoot {
    MatchSpec spec;
    std::string written;  ///< as the lock and messages show it: "numpy >=2"
    SourcePos pos;        ///< line 0: the command line
};

/// A PyPI requirement and the line that asks for it.
struct PypiRoot {
    Requirement requirement;
    std::string written;               ///< "thinc ==8.2.5"
    std::optional<std::string> index;  ///< the index that this name alone comes from
    SourcePos pos;
};

enum class ChannelPriority : std::uint8_t { strict, flexible, disabled };
enum class PrereleaseMode : std::uint8_t { if_necessary, allow, disallow };
enum class ResolutionMode : std::uint8_t { highest, lowest, lowest_direct };

/// Which projects may be built from source; names are normalised. What a requirement names by its address may
/// be without being named here: who wrote the address has seen that it is no wheel.
struct SourcePolicy {
    bool all = false;                       ///< every project, but for `never`
    std::vector<std::string> allowed;       ///< these
    std::vector<std::string> never;         ///< not these
    bool no_wheels = false;                 ///< no project's wheels count
    std::vector<std::string> sources_only;  ///< those of these do not

    [[nodiscard]] bool may_build(std::string_view name) const;
    [[nodiscard]] bool takes_wheels(std::string_view name) const;
    /// Nothing is built: what is so where nobody says anything.
    [[nodiscard]] bool is_default() const {
        return !all && !no_wheels && allowed.empty() && sources_only.empty();
    }
    friend bool operator==(const SourcePolicy&, const SourcePolicy&) = default;
};

/// Choices that hold for every target of a request.
struct SolveOptions {
    ChannelPriority channel_priority = ChannelPriority::strict;
    PrereleaseMode prerelease = PrereleaseMode::if_necessary;
    ResolutionMode resolution = ResolutionMode::highest;
    /// A release without an upper bound holds to the one that its nearest newer release has, where a solution
    /// is left then: what was published before a bound was known only looks compatible.
    bool inherit_bounds = true;
    std::optional<std::int64_t> exclude_newer_ms;  ///< since 1970; uploads at or after it do not exist
    bool explain = true;  ///< false: where there is no solution, the conflict says nothing of why
    SourcePolicy sources;
    std::size_t window = 30;  ///< releases of a specifier set that take part at first: a matter of speed
};

/// A target and what is asked of it: the workspace's requirements and the target's own.
struct TargetRequest {
    Target target;
    std::vector<CondaRoot> conda;
    std::vector<PypiRoot> pypi;
    std::vector<CondaRoot> conda_constraints;  ///< bounds that ask for nothing
    std::vector<PypiRoot> pypi_constraints;
    std::vector<std::string> raised;          ///< packages to be as new as possible, before anything is kept
    std::vector<PreferredVersion> preferred;  ///< versions to keep where possible; no part of what is asked
};

/// Everything that a solve is asked, from a manifest or the command line. A value: no clock, no host.
struct Request {
    std::string name;                   ///< of the workspace; empty on the command line
    std::vector<std::string> channels;  ///< as written: names, URLs, paths; order is priority
    std::vector<std::string>
        indexes;  ///< PyPI simple indexes as written, first wins; empty: the user's default
    std::vector<std::string> find_links;
    SolveOptions options;
    std::optional<std::string> name_map;  ///< file or URL
    std::vector<std::string> accept_terms;
    std::map<std::string, std::vector<std::string>> mirrors;
    std::vector<TargetRequest> targets;
};

}  // namespace aimlock
