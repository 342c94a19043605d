#include "solver/engine/discovery.hpp"

#include <algorithm>

namespace aimlock::engine {

void Discovery::want_page(ProjectId project) {
    if (pypi_[project].has_page) return;
    guessed_pages_.erase(project);
    if (const auto unread = unread_pages_.find(project); unread != unread_pages_.end())
        failures_.emplace("page " + pypi_[project].name, unread->second);
    if (asked_pages_.insert(project).second) source_.ask_page(pypi_[project].name);
}

void Discovery::guess_page(ProjectId project) {
    if (pypi_[project].has_page || !asked_pages_.insert(project).second) return;
    guessed_pages_.insert(project);
    source_.ask_page(pypi_[project].name);
}

void Discovery::want_metadata(ProjectId project, ReleaseId release, bool needed) {
    if (pypi_[project].releases[release].requirements) return;
    const WheelFile& wheel = pypi_.metadata_wheel(project, release);
    if (needed) {
        needed_.insert(wheel.url);
        if (const auto unread = unread_.find(wheel.url); unread != unread_.end()) {
            failures_.emplace("metadata " + wheel.url, unread->second);
        }
    }
    if (asked_metadata_.try_emplace(wheel.url, project, release).second) source_.ask_metadata(wheel);
}

bool Discovery::is_dead_end(const PypiDependency& dependency, ReleaseId release) const {
    const auto& requirements = pypi_[dependency.project].releases[release].requirements;
    return (requirements && requirements->broken) ||
           dead_ends_.contains({dependency.project, release, no_extra}) ||
           dead_ends_.contains({dependency.project, release, dependency.extra});
}

std::optional<ReleaseId> Discovery::newest(const PypiDependency& dependency) const {
    // The solver sees more than one line of requirements: it goes on where that many releases lead nowhere.
    constexpr std::size_t most_dead_ends = 3;
    const bool lowest = pypi_.lowest_all || pypi_.lowest_projects.contains(dependency.project);
    std::optional<ReleaseId> found;
    std::size_t passed = 0;
    const auto preferred = pypi_.preferred_release(dependency.project);
    for (const ReleaseId release : pypi_.admitted(dependency.project, dependency.specifiers)) {
        if (is_dead_end(dependency, release)) {
            if (++passed == most_dead_ends && !lowest) break;
            continue;
        }
        if (release == preferred) return release;
        if (!found || lowest) found = release;
        if (!lowest && !preferred) break;
    }
    return found;
}

void Discovery::follow(DependencyId id) {
    if (!followed_.insert(id).second) return;
    const PypiDependency& dependency = pypi_.dependency(id);
    if (supplied_.contains(dependency.project)) {
        followed_.erase(id);  // conda may not supply it in a later round
        return;
    }
    if (pypi_[dependency.project].has_page) return follow_newest(id);
    waiting_for_page_[dependency.project].push_back(id);
    want_page(dependency.project);
}

void Discovery::follow_newest(DependencyId id) {
    const PypiDependency dependency = pypi_.dependency(id);
    const auto release = newest(dependency);
    if (!release) return close(id);
    followers_[{dependency.project, *release}].push_back(id);
    if (pypi_[dependency.project].releases[*release].requirements) {
        return follow_requirements(dependency.project, *release, dependency.extra);
    }
    waiting_for_metadata_[{dependency.project, *release}].push_back(id);
    want_metadata(dependency.project, *release, false);
}

void Discovery::follow_requirements(ProjectId project, ReleaseId release, std::uint32_t extra) {
    const ReleaseRequirements requirements = *pypi_[project].releases[release].requirements;
    const auto of_extra = requirements.by_extra.find(extra);
    if (extra != no_extra && of_extra == requirements.by_extra.end()) return;
    for (const DependencyId next : extra == no_extra ? requirements.base : of_extra->second) {
        askers_[next].push_back({project, release, extra});
        follow(next);
        if (closed_.contains(next)) give_up({project, release, extra});
    }
}

void Discovery::close(DependencyId id) {
    const PypiDependency& dependency = pypi_.dependency(id);
    const bool nothing_left =
        dependency.pythons == pypi_.pythons().all &&
        std::ranges::all_of(pypi_.admitted(dependency.project, dependency.specifiers),
                            [&](ReleaseId release) { return is_dead_end(dependency, release); });
    if (!nothing_left || !closed_.insert(id).second) return;
    const auto askers = askers_.find(id);
    if (askers == askers_.end()) return;
    const std::vector<Use> uses = askers->second;
    for (const Use& use : uses) give_up(use);
}

void Discovery::give_up(const Use& use) {
    if (!dead_ends_.insert(use).second) return;
    const auto found = followers_.find({use.project, use.release});
    if (found == followers_.end()) return;
    const std::vector<DependencyId> followers = found->second;
    for (const DependencyId id : followers) {
        if (use.extra == no_extra || pypi_.dependency(id).extra == use.extra) follow_newest(id);
    }
}

void Discovery::page_arrived(PageArrived arrived) {
    const ProjectId project = pypi_.project(arrived.name);
    if (!arrived.page) {
        if (guessed_pages_.contains(project)) {
            unread_pages_.emplace(project, arrived.page.error());
        } else {
            failures_.emplace("page " + arrived.name, arrived.page.error());
        }
        return;
    }
    pypi_.add_page(project, *std::move(arrived.page));
    // Nothing waits for a locked release that the rest of the lock has yet to ask for: it will be asked for.
    if (const auto locked = pypi_.preferred_release(project)) want_metadata(project, *locked, false);
    const auto waiting = waiting_for_page_.extract(project);
    if (waiting.empty()) return;
    for (const DependencyId dependency : waiting.mapped()) follow_newest(dependency);
}

void Discovery::metadata_arrived(MetadataArrived arrived) {
    const auto asked = asked_metadata_.find(arrived.wheel_url);
    if (asked == asked_metadata_.end()) return;
    if (!arrived.metadata) {
        unread_.emplace(arrived.wheel_url, arrived.metadata.error());
        if (needed_.contains(arrived.wheel_url)) {
            failures_.emplace("metadata " + arrived.wheel_url, arrived.metadata.error());
        }
        return;
    }
    const auto [project, release] = asked->second;
    pypi_.add_metadata(project, release, *std::move(arrived.metadata));
    const auto waiting = waiting_for_metadata_.extract({project, release});
    if (waiting.empty()) return;
    const bool broken = pypi_[project].releases[release].requirements->broken;
    for (const DependencyId dependency : waiting.mapped()) {
        if (broken) {
            follow_newest(dependency);
        } else {
            follow_requirements(project, release, pypi_.dependency(dependency).extra);
        }
    }
}

Result<void> Discovery::settle() {
    while (source_.pending() > 0) {
        Arrival arrival = source_.wait();
        if (auto* page = std::get_if<PageArrived>(&arrival)) {
            page_arrived(std::move(*page));
        } else {
            metadata_arrived(std::move(std::get<MetadataArrived>(arrival)));
        }
    }
    if (failures_.empty()) return {};
    Error first = failures_.begin()->second;
    failures_.clear();  // told once; a later attempt may go another way
    return tl::make_unexpected(std::move(first));
}

Result<CoreMetadata> Discovery::metadata_of(const WheelFile& wheel) {
    source_.ask_metadata(wheel);
    std::optional<Result<CoreMetadata>> answer;
    while (!answer) {
        Arrival arrival = source_.wait();
        if (auto* metadata = std::get_if<MetadataArrived>(&arrival);
            metadata != nullptr && metadata->wheel_url == wheel.url) {
            answer = std::move(metadata->metadata);
        }
    }
    return *std::move(answer);
}

}  // namespace aimlock::engine
