#include "solver/engine/pypi_world.hpp"

#include <algorithm>
#include <utility>

#include "solver/engine/cuda_extra.hpp"
#include "solver/engine/cuda_major.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::engine {

std::optional<Pep440Version> version_of(const WheelFile& file) {
    if (file.kind == ArtifactKind::wheel) {
        auto name = WheelName::parse(file.file_name);
        return name ? std::optional(std::move(name->version)) : std::nullopt;
    }
    auto name = SdistName::parse(file.file_name);
    return name ? std::optional(std::move(name->version)) : std::nullopt;
}

std::optional<ReleaseId> Project::release_of(const Pep440Version& version) const {
    const auto found = std::ranges::find(releases, version, &Release::version);
    if (found == releases.end() || found->pythons.none()) return std::nullopt;
    return static_cast<ReleaseId>(found - releases.begin());
}

PypiWorld::PypiWorld(Pythons pythons, std::shared_ptr<WheelCodes> codes)
    : pythons_(std::move(pythons)), codes_(std::move(codes)) {}

ProjectId PypiWorld::project(std::string_view normalized_name) {
    const auto [entry, is_new] =
        project_ids_.try_emplace(std::string(normalized_name), static_cast<ProjectId>(projects_.size()));
    if (is_new) {
        projects_.emplace_back();
        projects_.back().name = std::string(normalized_name);
    }
    return entry->second;
}

std::uint32_t PypiWorld::extra(std::string_view normalized) {
    return extras_.intern(normalized).index;
}

std::uint32_t PypiWorld::specifiers(const SpecifierSet& set) {
    const auto [entry, is_new] =
        specifier_ids_.try_emplace(set.text(), static_cast<std::uint32_t>(specifier_sets_.size()));
    if (is_new) specifier_sets_.push_back(set);
    return entry->second;
}

DependencyId PypiWorld::intern(const PypiDependency& dependency) {
    std::string key = std::to_string(dependency.project) + ' ' + std::to_string(dependency.extra) + ' ' +
                      std::to_string(dependency.specifiers) + ' ';
    if (dependency.address != 0) key += '@' + std::to_string(dependency.address) + ' ';
    if (dependency.pythons != pythons_.all) key += dependency.pythons.to_string();
    const auto [entry, is_new] =
        dependency_ids_.try_emplace(std::move(key), static_cast<DependencyId>(dependencies_.size()));
    if (is_new) dependencies_.push_back(dependency);
    return entry->second;
}

DependencyId PypiWorld::with_specifiers(DependencyId like, std::uint32_t specifiers) {
    PypiDependency dependency = dependencies_[like];
    dependency.specifiers = specifiers;
    return intern(dependency);
}

std::optional<ReleaseId> PypiWorld::preferred_release(ProjectId id) const {
    const auto version = preferred.find(id);
    return version == preferred.end() ? std::nullopt : projects_[id].release_of(version->second);
}

PythonSet PypiWorld::holds(const Requirement& requirement, std::string_view extra) {
    if (!requirement.marker) return pythons_.all;
    std::string key = requirement.marker->text();
    key += '\n';
    key += extra;
    const auto [entry, is_new] = marker_sets_.try_emplace(std::move(key));
    if (is_new) {
        for (std::size_t i = 0; i < pythons_.candidates.size(); ++i) {
            entry->second.set(i, requirement.marker->evaluate(pythons_.candidates[i].markers, extra));
        }
    }
    return entry->second;
}

std::vector<DependencyId> PypiWorld::lower(const Requirement& requirement,
                                           std::string_view extra,
                                           bool beyond_base) {
    PythonSet pythons = holds(requirement, extra);
    if (beyond_base) pythons &= ~holds(requirement, {});
    std::vector<DependencyId> lowered;
    if (pythons.none()) return lowered;
    // A requirement on an address is met by what the request names by it, and by no release of an index.
    static const SpecifierSet nothing = *SpecifierSet::parse("<0.dev0");
    PypiDependency dependency;
    dependency.project = project(requirement.name);
    bool met = !requirement.url;
    if (requirement.url) {
        const auto address = DirectUrl::parse(*requirement.url);
        const auto taken = direct.find(dependency.project);
        met = address && taken != direct.end() && taken->second == address->identity();
        dependency.address = addresses_.intern(address ? address->text() : "an address").index;
    }
    dependency.specifiers = specifiers(met ? requirement.specifiers : nothing);
    dependency.pythons = pythons;
    lowered.push_back(intern(dependency));
    for (const std::string& wanted : requirement.extras) {
        dependency.extra = this->extra(wanted);
        lowered.push_back(intern(dependency));
    }
    return lowered;
}

PythonSet PypiWorld::requires_python(const std::string& specifiers) {
    const auto [entry, is_new] = requires_python_sets_.try_emplace(specifiers);
    if (is_new) {
        // An unreadable Requires-Python is ignored, as the installers do: old releases hold such texts.
        const auto set = SpecifierSet::parse(specifiers);
        for (std::size_t i = 0; i < pythons_.candidates.size(); ++i) {
            entry->second.set(i, !set || set->contains(pythons_.candidates[i].version, true));
        }
    }
    return entry->second;
}

// A wheel of the first Python that has one: its metadata can be had without the file.
std::uint32_t PypiWorld::easiest_to_read(const Project& project, const Release& release) const {
    std::uint32_t first = Release::no_wheel;
    for (std::size_t p = 0; p < pythons_.candidates.size(); ++p) {
        if (!release.pythons[p]) continue;
        const std::uint32_t file = release.wheel_of[pythons_.candidates[p].tag_set];
        if (project.page.wheels[file].kind == ArtifactKind::wheel) return file;
        if (first == Release::no_wheel) first = file;
    }
    return first;
}

void PypiWorld::add_page(ProjectId id, ProjectPage page) {
    Project& project = projects_[id];
    project.has_page = true;
    project.page = std::move(page);
    std::map<Pep440Version, std::vector<std::uint32_t>> wheels_of;
    for (std::uint32_t i = 0; i < project.page.wheels.size(); ++i) {
        if (auto version = version_of(project.page.wheels[i])) wheels_of[*version].push_back(i);
    }
    for (auto entry = wheels_of.rbegin(); entry != wheels_of.rend(); ++entry) {
        Release release;
        release.version = entry->first;
        if (is_cuda_placeholder(project.name, release.version)) continue;
        release.text = entry->first.text();
        release.prerelease = entry->first.is_prerelease();
        release.wheel_of.assign(pythons_.tag_sets.size(), Release::no_wheel);
        release.yanked = true;
        std::vector<std::uint32_t> best(pythons_.tag_sets.size(), 0xffffffff);
        // A yanked file stands back behind every file of the release that is not; sources stand behind
        // wheels.
        for (const std::uint32_t i : entry->second) {
            const WheelFile& wheel = project.page.wheels[i];
            release.yanked = release.yanked && wheel.yanked;
            if (wheel.upload_time_ms != 0 &&
                (release.uploaded_ms == 0 || wheel.upload_time_ms < release.uploaded_ms)) {
                release.uploaded_ms = wheel.upload_time_ms;
            }
            const PythonSet allowed = requires_python(wheel.requires_python);
            if (const auto known = codes_->find(wheel.url); known != codes_->end())
                release.code = &known->second;
            for (std::size_t t = 0; t < pythons_.tag_sets.size(); ++t) {
                const auto rank = wheel.kind == ArtifactKind::wheel
                                      ? pythons_.tag_sets[t].rank(wheel.file_name)
                                      : std::optional<std::uint32_t>(0x20000000U);
                if (!rank) continue;
                bool used = false;
                for (std::size_t p = 0; p < pythons_.candidates.size(); ++p) {
                    if (pythons_.candidates[p].tag_set != t || !allowed[p]) continue;
                    release.pythons.set(p);
                    used = true;
                }
                const std::uint32_t order = *rank + (wheel.yanked ? 0x40000000U : 0U);
                if (used && order < best[t]) {
                    best[t] = order;
                    release.wheel_of[t] = i;
                }
            }
        }
        if (release.pythons.none()) continue;
        release.metadata_wheel = easiest_to_read(project, release);
        project.releases.push_back(std::move(release));
    }
    project.only_prereleases = std::ranges::none_of(
        project.releases, [](const Release& release) { return !release.prerelease && !release.yanked; });
}

void PypiWorld::add_code(ProjectId id,
                         ReleaseId release,
                         const std::string& wheel_url,
                         Result<WheelCode> code) {
    projects_[id].releases[release].code = &codes_->emplace(wheel_url, std::move(code)).first->second;
}

ReleaseRequirements PypiWorld::read_requirements(const Project& project, const CoreMetadata& metadata) {
    ReleaseRequirements requirements;
    std::vector<Requirement> parsed;
    requirements.broken = !metadata.unusable.empty();
    // Sources are built in the environment that they are for: what building needs is part of it.
    for (const std::vector<std::string>* lines : {&metadata.requires_dist, &metadata.build_requires}) {
        for (const std::string& line : *lines) {
            auto requirement = Requirement::parse(line);
            if (!requirement) {
                requirements.broken = true;
                return requirements;
            }
            parsed.push_back(*std::move(requirement));
        }
    }
    RequirementsByUse by_use;
    for (const Requirement& requirement : parsed) {
        if (requirement.marker && requirement.marker->mentions_extra())
            by_use.of_extras.push_back(requirement);
        const auto base = lower(requirement, {}, false);
        requirements.base.insert(requirements.base.end(), base.begin(), base.end());
        if (!base.empty()) by_use.always.push_back(requirement);
    }
    for (const std::string& written : metadata.provides_extra) {
        const std::string name = normalize_pypi_name(written);
        std::vector<DependencyId>& of_extra = requirements.by_extra[extra(name)];
        std::vector<Requirement> brought;
        for (const Requirement& requirement : by_use.of_extras) {
            const auto added = lower(requirement, name, true);
            of_extra.insert(of_extra.end(), added.begin(), added.end());
            if (!added.empty() && asks_for_cuda(name)) brought.push_back(requirement);
        }
        if (!keeps_cuda_promise(name, brought)) requirements.hollow_extras.insert(extra(name));
    }
    const auto version = Pep440Version::parse(metadata.version);
    if (version) requirements.cuda_major = cuda_major_of(project.name, *version, by_use);
    return requirements;
}

void PypiWorld::add_metadata(ProjectId id, ReleaseId release, CoreMetadata metadata) {
    ++documents_;
    // `projects_` may grow while requirements are read (new names), but its elements do not move.
    Project& project = projects_[id];
    Release& known = project.releases[release];
    if (metadata.version.empty()) metadata.version = known.text;
    known.requirements = read_requirements(project, metadata);
    // Requires-Python is the page's business; a page that does not state it leaves it to the document.
    if (!metadata.requires_python.empty()) {
        known.pythons &= requires_python(metadata.requires_python);
        if (known.pythons.none()) known.requirements->broken = true;
    }
    known.metadata = std::move(metadata);
}

void PypiWorld::add_other_document(ProjectId id,
                                   ReleaseId release,
                                   std::uint32_t wheel,
                                   CoreMetadata metadata) {
    ++documents_;
    Project& project = projects_[id];
    Release& known = project.releases[release];
    const PythonSet own = pythons_using(known, wheel);
    if (!metadata.requires_python.empty()) known.pythons &= ~own | requires_python(metadata.requires_python);
    if (read_requirements(project, metadata).broken) known.pythons &= ~own;
    known.other_documents.insert_or_assign(wheel, std::move(metadata));
    PythonSet rest = pythons_.all;
    ReleaseRequirements together = read_requirements(project, *known.metadata);
    ReleaseRequirements of_rest = std::exchange(together, ReleaseRequirements{});
    together.cuda_major = of_rest.cuda_major;
    together.broken = of_rest.broken || known.pythons.none();
    for (const auto& [other, document] : known.other_documents) {
        rest &= ~pythons_using(known, other);
        add_for(pythons_using(known, other), read_requirements(project, document), together);
    }
    add_for(rest, std::move(of_rest), together);
    known.requirements = std::move(together);
}

PythonSet PypiWorld::pythons_using(const Release& release, std::uint32_t wheel) const {
    PythonSet pythons;
    for (std::size_t p = 0; p < pythons_.candidates.size(); ++p)
        pythons.set(p, release.wheel_of[pythons_.candidates[p].tag_set] == wheel);
    return pythons;
}

void PypiWorld::add_for(const PythonSet& pythons, ReleaseRequirements from, ReleaseRequirements& to) {
    const auto add = [&](const std::vector<DependencyId>& dependencies, std::vector<DependencyId>& all) {
        for (const DependencyId id : dependencies) {
            PypiDependency dependency = dependencies_[id];
            dependency.pythons &= pythons;
            if (dependency.pythons.any()) all.push_back(intern(dependency));
        }
    };
    add(from.base, to.base);
    for (const auto& [extra, dependencies] : from.by_extra) add(dependencies, to.by_extra[extra]);
    to.hollow_extras.merge(from.hollow_extras);
}

const CoreMetadata& PypiWorld::document(ProjectId id, ReleaseId release, std::size_t python) const {
    const Release& known = projects_[id].releases[release];
    const auto own = known.other_documents.find(known.wheel_of[pythons_.candidates[python].tag_set]);
    return own == known.other_documents.end() ? *known.metadata : own->second;
}

const std::vector<ReleaseId>& PypiWorld::admitted(ProjectId id, std::uint32_t specifiers) {
    const auto [entry, is_new] = admitted_.try_emplace({id, specifiers});
    if (!is_new) return entry->second;
    const Project& project = projects_[id];
    const SpecifierSet& set = specifier_sets_[specifiers];
    const bool pinned = set.pinned().has_value();
    for (ReleaseId r = 0; r < project.releases.size(); ++r) {
        const Release& release = project.releases[r];
        if (release.yanked && !pinned) continue;
        if (release.prerelease && disallow_prereleases_ && !direct.contains(id)) continue;
        if (!set.names_prerelease() && is_prerelease_to_be_named(id, r)) continue;
        if (set.admits(release.version)) entry->second.push_back(r);
    }
    return entry->second;
}

bool PypiWorld::may_be_named(ProjectId project, ReleaseId release) const {
    const Release& known = projects_[project].releases[release];
    return known.prerelease ? !disallow_prereleases_ : known.yanked;
}

bool PypiWorld::is_prerelease_to_be_named(ProjectId id, ReleaseId release) const {
    const Project& project = projects_[id];
    return project.releases[release].prerelease && !allow_prereleases_ && !project.only_prereleases &&
           !prerelease_projects.contains(id) && !admitted_prereleases_.contains(id);
}

void PypiWorld::admit_prereleases_of(const std::set<ProjectId>& projects) {
    admitted_prereleases_.insert(projects.begin(), projects.end());
    admitted_.clear();
}

void PypiWorld::set_allow_prereleases(bool allow) {
    if (allow != allow_prereleases_) admitted_.clear();
    allow_prereleases_ = allow;
}

std::uint32_t PypiWorld::rank(ProjectId id, ReleaseId release) const {
    const Project& project = projects_[id];
    const auto count = static_cast<std::uint32_t>(project.releases.size());
    const bool lowest = !raised_projects.contains(id) && (lowest_all || lowest_projects.contains(id));
    const std::uint32_t order = lowest ? release + 2 : count - release + 1;
    const bool demoted = project.releases[release].prerelease && !prerelease_projects.contains(id);
    const bool kept = preferred_release(id) == release;
    return order + (demoted ? 0U : 100000U) + (kept ? 200000U : 0U);
}

const WheelFile& PypiWorld::wheel(ProjectId id, ReleaseId release, std::size_t python) const {
    const Project& project = projects_[id];
    return project.page.wheels[project.releases[release].wheel_of[pythons_.candidates[python].tag_set]];
}

const WheelFile& PypiWorld::metadata_wheel(ProjectId id, ReleaseId release) const {
    const Project& project = projects_[id];
    return project.page.wheels[project.releases[release].metadata_wheel];
}

}  // namespace aimlock::engine
