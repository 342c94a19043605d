#include "solver/engine/windows.hpp"

#include <algorithm>

#include "solver/base/sort_unique.hpp"

namespace aimlock::engine {

bool may_be_chosen(const PypiWorld& pypi, const ReleaseFilter& filter, ProjectId project, ReleaseId release) {
    const Release& known = pypi[project].releases[release];
    if (known.requirements && known.requirements->broken) return false;
    const auto bounds = filter.bounds.find(project);
    if (bounds == filter.bounds.end()) return true;
    return std::ranges::all_of(bounds->second, [&](std::uint32_t specifiers) {
        return pypi.specifier_set(specifiers).admits(known.version);
    });
}

bool Windows::widen(PypiWorld& pypi,
                    const ReleaseFilter& filter,
                    ProjectId project,
                    std::uint32_t specifiers) {
    if (!seen.emplace(project, specifiers).second) return false;
    std::set<ReleaseId>& window = releases[project];
    std::set<ReleaseId>& named = unlocked[project];
    const std::size_t before = window.size() + named.size();
    const SpecifierSet& set = pypi.specifier_set(specifiers);
    if (set.names_prerelease() || set.pinned()) {
        for (const ReleaseId release : pypi.admitted(project, specifiers)) {
            const Release& known = pypi[project].releases[release];
            if (known.yanked || known.prerelease) named.insert(release);
        }
    }
    std::size_t taken = 0;
    for (const ReleaseId release : candidates(pypi, filter, project, specifiers)) {
        if (taken++ == width) break;
        window.insert(release);
    }
    if (const auto release = pypi.preferred_release(project);
        release && set.admits(pypi[project].releases[*release].version))
        window.insert(*release);
    return window.size() + named.size() != before;
}

std::vector<ReleaseId> Windows::candidates(PypiWorld& pypi,
                                           const ReleaseFilter& filter,
                                           ProjectId project,
                                           std::uint32_t specifiers) const {
    std::vector<ReleaseId> found = pypi.admitted(project, specifiers);
    const auto take = [&](ReleaseId release) {
        if (pypi.specifier_set(specifiers).admits(pypi[project].releases[release].version))
            found.push_back(release);
    };
    if (const auto named = unlocked.find(project); named != unlocked.end())
        std::ranges::for_each(named->second, take);
    for (ReleaseId release = 0; hope_for_names && release < pypi[project].releases.size(); ++release) {
        if (pypi.may_be_named(project, release)) take(release);
    }
    sort_unique(found);  // ids run from the newest to the oldest
    std::erase_if(found, [&](ReleaseId release) { return !may_be_chosen(pypi, filter, project, release); });
    if (pypi.lowest_all || pypi.lowest_projects.contains(project)) std::ranges::reverse(found);
    return found;
}

}  // namespace aimlock::engine
