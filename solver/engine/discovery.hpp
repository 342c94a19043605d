#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/engine/pypi_world.hpp"
#include "solver/model/metadata_source.hpp"

namespace aimlock::engine {

/// Fills a PypiWorld from a MetadataSource: pages and metadata that were asked for, and, by `follow`, what a
/// resolver will most likely need next. Everything runs in parallel, with no barrier between waves; what is
/// known at the end does not depend on the order of the answers.
class Discovery {
public:
    Discovery(PypiWorld& pypi, MetadataSource& source) : pypi_(pypi), source_(source) {}

    void want_page(ProjectId project);
    /// Asks for a page that may not be needed: not to get it is no failure unless it is wanted, too.
    void guess_page(ProjectId project);
    /// `needed`: a solve chose the release. Otherwise it is a guess, and a guess that cannot be read is no
    /// failure until a solve chooses it.
    void want_metadata(ProjectId project, ReleaseId release, bool needed);

    /// Walk-ahead: asks for the project's page, for the metadata of the newest release that fits, and goes on
    /// with what that requires. Projects in `supplied` (conda has them) are not followed.
    void follow(DependencyId dependency);
    void set_supplied(std::set<ProjectId> supplied) { supplied_ = std::move(supplied); }

    /// Waits for all answers. Fails when one failed: of several failures, the first in the order of what was
    /// asked about.
    Result<void> settle();

    /// Asks for the metadata of another wheel of a release than the one that stood for it, and waits for it.
    Result<CoreMetadata> metadata_of(const WheelFile& wheel);

private:
    void page_arrived(PageArrived arrived);
    void metadata_arrived(MetadataArrived arrived);
    void follow_newest(DependencyId dependency);
    void follow_requirements(ProjectId project, ReleaseId release, std::uint32_t extra);

    /// A release for what it is followed for: itself, or one of its extras.
    struct Use {
        ProjectId project = 0;
        ReleaseId release = 0;
        std::uint32_t extra = no_extra;
        auto operator<=>(const Use&) const = default;
    };
    /// Notes that no release is left for a dependency, if that is so for every Python: then whoever asks for
    /// it leads nowhere either, and an older release is followed in its place.
    void close(DependencyId dependency);
    void give_up(const Use& use);
    [[nodiscard]] bool is_dead_end(const PypiDependency& dependency, ReleaseId release) const;
    [[nodiscard]] std::optional<ReleaseId> newest(const PypiDependency& dependency) const;

    PypiWorld& pypi_;
    MetadataSource& source_;
    std::set<ProjectId> supplied_;
    std::set<ProjectId> asked_pages_;
    std::set<ProjectId> guessed_pages_;  // that nobody has wanted yet
    std::map<ProjectId, Error> unread_pages_;
    std::map<std::string, std::pair<ProjectId, ReleaseId>> asked_metadata_;  // by the wheel's URL
    std::set<std::string> needed_;         // URLs of those that a solve chose
    std::map<std::string, Error> unread_;  // guesses that could not be read
    std::set<DependencyId> followed_;
    std::map<DependencyId, std::vector<Use>> askers_;
    std::map<std::pair<ProjectId, ReleaseId>, std::vector<DependencyId>> followers_;
    std::set<DependencyId> closed_;
    std::set<Use> dead_ends_;
    std::map<ProjectId, std::vector<DependencyId>> waiting_for_page_;
    std::map<std::pair<ProjectId, ReleaseId>, std::vector<DependencyId>> waiting_for_metadata_;
    std::map<std::string, Error>
        failures_;  // by what was asked, so that the one that is reported is always the same
};

}  // namespace aimlock::engine
