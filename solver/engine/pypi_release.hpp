#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "solver/engine/pythons.hpp"
#include "solver/model/metadata_source.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// What was read of wheels' libraries, or why it was not, by the wheel's URL. Only grows.
using WheelCodes = std::map<std::string, Result<WheelCode>>;

/// Index into PypiWorld::projects.
using ProjectId = std::uint32_t;
/// Position in a project's releases, which are sorted newest first.
using ReleaseId = std::uint32_t;
/// Index of an interned dependency (PypiDependency).
using DependencyId = std::uint32_t;
inline constexpr std::uint32_t no_extra = 0;

/// A requirement on a distribution as the encoding sees it: markers are already turned into the set of
/// Pythons for which the requirement holds.
struct PypiDependency {
    ProjectId project = 0;
    std::uint32_t extra = no_extra;  ///< index into PypiWorld::extras; 0: the distribution itself
    std::uint32_t specifiers = 0;    ///< index into PypiWorld::specifier_sets
    PythonSet pythons;               ///< where it holds
    std::uint32_t address = 0;       ///< index into PypiWorld::addresses; 0: it names none
};

/// What one release requires, by its core metadata.
struct ReleaseRequirements {
    std::vector<DependencyId> base;
    std::map<std::uint32_t, std::vector<DependencyId>> by_extra;  ///< declared extras only
    std::optional<unsigned>
        cuda_major;  ///< the CUDA major that it needs by its name or requirements (cuda_major.hpp)
    std::set<std::uint32_t> hollow_extras;  ///< declared, and without the CUDA that their names promise
    bool broken = false;                    ///< a requirement does not parse: the release is never chosen
};

struct Release {
    Pep440Version version;
    std::string text;   ///< normalised version
    PythonSet pythons;  ///< those with a wheel and a matching requires-python
    std::vector<std::uint32_t>
        wheel_of;                      ///< by tag set: index into the page's wheels, no_wheel where none fits
    std::uint32_t metadata_wheel = 0;  ///< the wheel whose metadata stands for the release
    bool yanked = false;
    bool prerelease = false;
    std::int64_t uploaded_ms = 0;                     ///< first upload; 0: not stated
    std::optional<ReleaseRequirements> requirements;  ///< nullopt: not read yet
    std::optional<CoreMetadata> metadata;
    std::map<std::uint32_t, CoreMetadata> other_documents;  ///< by wheel, where it asks for something else
    const Result<WheelCode>* code = nullptr;  ///< of the wheel that was chosen once; null: not read

    static constexpr std::uint32_t no_wheel = 0xffffffff;
};

struct Project {
    std::string name;
    bool has_page = false;
    ProjectPage page;
    std::vector<Release> releases;  ///< newest first
    bool only_prereleases = false;

    /// The release of exactly this version, where the page has one with a usable wheel.
    [[nodiscard]] std::optional<ReleaseId> release_of(const Pep440Version& version) const;
};

}  // namespace aimlock::engine
