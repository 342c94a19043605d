#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "solver/base/interner.hpp"
#include "solver/engine/pypi_release.hpp"
#include "solver/engine/pythons.hpp"
#include "solver/model/release.hpp"
#include "solver/model/request.hpp"
#include "solver/spec/requirement.hpp"

namespace aimlock::engine {

/// The version in the name of a wheel or an archive of sources.
std::optional<Pep440Version> version_of(const WheelFile& file);

/// All that is known of PyPI so far. Knowledge only grows; what is derived from it does not depend on the
/// order.
class PypiWorld {
public:
    explicit PypiWorld(Pythons pythons, std::shared_ptr<WheelCodes> codes = std::make_shared<WheelCodes>());

    ProjectId project(std::string_view normalized_name);
    Project& operator[](ProjectId id) { return projects_[id]; }
    const Project& operator[](ProjectId id) const { return projects_[id]; }
    [[nodiscard]] std::size_t size() const { return projects_.size(); }
    [[nodiscard]] const Pythons& pythons() const { return pythons_; }

    void add_page(ProjectId id, ProjectPage page);
    void add_metadata(ProjectId id, ReleaseId release, CoreMetadata metadata);
    /// What one wheel of a release says, where that differs: it holds for the Pythons that use this wheel.
    void add_other_document(ProjectId id, ReleaseId release, std::uint32_t wheel, CoreMetadata metadata);
    /// The document of the wheel that `python` uses, as far as it was read; else what stands for it.
    [[nodiscard]] const CoreMetadata& document(ProjectId project,
                                               ReleaseId release,
                                               std::size_t python) const;
    /// What the libraries of a wheel of this release say.
    void add_code(ProjectId id, ReleaseId release, const std::string& wheel_url, Result<WheelCode> code);
    [[nodiscard]] std::uint64_t documents() const { return documents_; }  ///< of metadata, read so far

    std::uint32_t extra(std::string_view normalized);
    [[nodiscard]] std::string_view extra_name(std::uint32_t extra) const { return extras_[TextId{extra}]; }
    /// The address that a requirement names; empty for 0.
    [[nodiscard]] std::string_view address(std::uint32_t id) const { return addresses_[TextId{id}]; }
    /// Where the request takes a project from, as an identity (DirectUrl): its only release.
    std::map<ProjectId, std::string> direct;
    std::uint32_t specifiers(const SpecifierSet& set);
    [[nodiscard]] const SpecifierSet& specifier_set(std::uint32_t id) const { return specifier_sets_[id]; }
    [[nodiscard]] const PypiDependency& dependency(DependencyId id) const { return dependencies_[id]; }

    /// The dependencies of a requirement for a given extra of the requiring release ("" for none): the
    /// distribution and each extra asked for. Empty where the marker holds for no Python. With `beyond_base`,
    /// only for the Pythons where it holds with the extra and not without.
    std::vector<DependencyId> lower(const Requirement& requirement, std::string_view extra, bool beyond_base);

    /// Releases that a specifier set admits, newest first: yanked ones for exact pins only, pre-releases by
    /// PEP 440 (the set names one, the project has no others) or where `allow_prereleases`, or where the
    /// project is in `prerelease_projects`.
    const std::vector<ReleaseId>& admitted(ProjectId project, std::uint32_t specifiers);

    /// True for a yanked release or a pre-release that a requirement could still ask for by name.
    [[nodiscard]] bool may_be_named(ProjectId project, ReleaseId release) const;
    /// Pre-releases count everywhere (`--prerelease allow`, and the second try of if-necessary).
    void set_allow_prereleases(bool allow);
    /// They count for every requirement on these projects; a final release is better all the same.
    void admit_prereleases_of(const std::set<ProjectId>& projects);
    /// Whether a requirement has to name this release for it to count: a pre-release, as things are admitted.
    [[nodiscard]] bool is_prerelease_to_be_named(ProjectId project, ReleaseId release) const;
    void set_disallow_prereleases() { disallow_prereleases_ = true; }
    /// Projects whose direct requirement names a pre-release.
    std::set<ProjectId> prerelease_projects;
    std::set<ProjectId> lowest_projects;  ///< prefer their oldest
    bool lowest_all = false;
    std::set<ProjectId> raised_projects;           ///< prefer their newest all the same
    std::map<ProjectId, Pep440Version> preferred;  ///< before every other version of their project
    [[nodiscard]] std::optional<ReleaseId> preferred_release(ProjectId project) const;
    DependencyId with_specifiers(DependencyId like, std::uint32_t specifiers);

    /// Preference among the releases of a project, higher is better; always above 1.
    [[nodiscard]] std::uint32_t rank(ProjectId project, ReleaseId release) const;
    /// The wheel that installing `release` with Python `python` uses.
    [[nodiscard]] const WheelFile& wheel(ProjectId project, ReleaseId release, std::size_t python) const;
    [[nodiscard]] const WheelFile& metadata_wheel(ProjectId project, ReleaseId release) const;

private:
    PythonSet holds(const Requirement& requirement, std::string_view extra);
    PythonSet requires_python(const std::string& specifiers);
    [[nodiscard]] std::uint32_t easiest_to_read(const Project& project, const Release& release) const;
    DependencyId intern(const PypiDependency& dependency);
    ReleaseRequirements read_requirements(const Project& project, const CoreMetadata& metadata);
    PythonSet pythons_using(const Release& release, std::uint32_t wheel) const;
    void add_for(const PythonSet& pythons, ReleaseRequirements from, ReleaseRequirements& to);

    Pythons pythons_;
    std::deque<Project> projects_;  // references stay valid while it grows
    std::unordered_map<std::string, ProjectId> project_ids_;
    Interner extras_;
    Interner addresses_;
    std::unordered_map<std::string, std::uint32_t> specifier_ids_;
    std::deque<SpecifierSet> specifier_sets_;
    std::vector<PypiDependency> dependencies_;
    std::unordered_map<std::string, DependencyId> dependency_ids_;
    std::unordered_map<std::string, PythonSet> marker_sets_;
    std::unordered_map<std::string, PythonSet> requires_python_sets_;
    std::map<std::pair<ProjectId, std::uint32_t>, std::vector<ReleaseId>> admitted_;
    std::uint64_t documents_ = 0;
    std::shared_ptr<WheelCodes> codes_;
    std::set<ProjectId> admitted_prereleases_;
    bool allow_prereleases_ = false;
    bool disallow_prereleases_ = false;
};

}  // namespace aimlock::engine
