#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "solver/engine/pypi_world.hpp"

namespace aimlock::engine {

/// What admits or refuses releases without asking for any.
struct ReleaseFilter {
    /// Specifier sets of [constraints], by project.
    std::map<ProjectId, std::vector<std::uint32_t>> bounds;
};

/// Which releases of each project take part: the newest of every specifier set that was ever asked, and every
/// release that was chosen. Only grows. What lies beyond is represented by one optimistic `tail`, so that
/// UNSAT stays sound.
struct Windows {
    std::size_t width = 30;
    std::map<ProjectId, std::set<ReleaseId>> releases;
    std::set<std::pair<ProjectId, std::uint32_t>> seen;
    /// Yanked releases and pre-releases that some requirement asks for by name (`==2.0`, `>=2.0rc1`): they
    /// may meet every other requirement on the project, too.
    std::map<ProjectId, std::set<ReleaseId>> unlocked;
    /// What was not read yet may name any of them: a try for requests that have no solution without.
    bool hope_for_names = false;

    /// Makes the newest releases that a specifier set admits take part. True when something new does.
    bool widen(PypiWorld& pypi, const ReleaseFilter& filter, ProjectId project, std::uint32_t specifiers);

    /// All releases, newest first (best first under `--resolution lowest`), that the set and the filter
    /// admit and that can be installed at all; also those outside the window.
    std::vector<ReleaseId> candidates(PypiWorld& pypi,
                                      const ReleaseFilter& filter,
                                      ProjectId project,
                                      std::uint32_t specifiers) const;
};

/// False for a release that the filter refuses or whose requirements do not parse.
bool may_be_chosen(const PypiWorld& pypi, const ReleaseFilter& filter, ProjectId project, ReleaseId release);

}  // namespace aimlock::engine
