#include <algorithm>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/encoding.hpp"
#include "solver/engine/encoding_cuda.hpp"
#include "solver/engine/encoding_goals.hpp"
#include "solver/engine/encoding_rules.hpp"
#include "solver/engine/inherited_bounds.hpp"

namespace aimlock::engine {
namespace {

// Two passes. The first finds what can be reached, growing windows and adding solvables until nothing is new;
// the second writes the providers of every key, which depend on the final windows only. So the problem is a
// function of what is known and not of the order in which it became known.
class RoundEncoder {
public:
    RoundEncoder(const RoundsInput& input, PypiWorld& pypi, Windows& windows)
        : input_(input),
          conda_(*input.conda),
          pypi_(pypi),
          windows_(windows),
          filter_(input.filter),
          cuda_(input, pypi, round_) {
        round_.problem = conda_.problem;
        round_.origins = conda_.origins;
        round_.meanings = conda_.meanings;
    }

    EncodedRound encode() {
        cuda_.bind_records();
        for (const bool bounded : {true, false}) {
            for (const PypiJob& job : input_.jobs) {
                if (job.bounded == bounded) round_.problem.jobs.push_back(dependency_key(job.dependency));
            }
        }
        for (const Step& step : input_.goals.steps) reach_wanted(step);
        while (next_ < open_.size()) {
            const SolvableId solvable = open_[next_++];
            describe(solvable);
        }
        for (const auto& [dependency, key] : round_.dependency_keys) fill(dependency, key);
        for (auto& providers : round_.problem.keys) std::ranges::sort(providers);
        cuda_.exclude_shared_files();
        require_naming(round_, conda_, pypi_, windows_);
        bound_carriers(round_, conda_, pypi_, filter_);
        write_goals(round_, conda_, input_.goals, filter_, pypi_, windows_);
        return std::move(round_);
    }

private:
    // What a step wants must be in the window, or a requirement of a release on its own project would miss
    // it.
    void reach_wanted(const Step& step) {
        for (const ReleaseId release : wanted_releases(step, filter_, pypi_, windows_)) {
            const ProjectId project = *step.wanted->name->project;
            windows_.releases[project].insert(release);
            add_release(project, release);
        }
        if (!step.wanted || !step.wanted->name->project) return;
        for (const DependencyId other : touched_[*step.wanted->name->project]) reach(other);
    }

    KeyId add_key(KeyMeaning meaning, std::vector<SolvableId> providers) {
        return round_.add_key(meaning, std::move(providers));
    }

    KeyId dependency_key(DependencyId id) {
        const auto found = round_.dependency_keys.find(id);
        if (found != round_.dependency_keys.end()) return found->second;
        const KeyId key = add_key({KeyMeaning::Kind::dependency, id, 0}, {});
        round_.dependency_keys.emplace(id, key);
        const PypiDependency& dependency = pypi_.dependency(id);
        touched_[dependency.project].push_back(id);
        if (!pypi_[dependency.project].has_page) {
            add_unknown(dependency);
            return key;
        }
        widen(dependency.project, dependency.specifiers);
        reach(id);
        return key;
    }

    void widen(ProjectId project, std::uint32_t specifiers) {
        if (!windows_.widen(pypi_, filter_, project, specifiers)) return;
        std::erase_if(candidates_, [&](const auto& entry) { return entry.first.first == project; });
        for (const DependencyId other : touched_[project]) reach(other);
    }

    // Asked for twice at least, and of thousands of releases where a project has them.
    const std::vector<ReleaseId>& candidates(ProjectId project, std::uint32_t specifiers) {
        const auto [entry, is_new] = candidates_.try_emplace({project, specifiers});
        if (is_new) entry->second = windows_.candidates(pypi_, filter_, project, specifiers);
        return entry->second;
    }

    // Adds the solvables that provide a dependency within the window as it is now.
    void reach(DependencyId id) {
        const PypiDependency dependency = pypi_.dependency(id);
        const std::set<ReleaseId>& window = windows_.releases[dependency.project];
        bool beyond = false;
        for (const ReleaseId release : candidates(dependency.project, dependency.specifiers)) {
            if (!window.contains(release)) {
                beyond = true;
            } else if (dependency.extra == no_extra) {
                add_release(dependency.project, release);
            } else {
                add_extra(dependency.project, release, dependency.extra);
            }
        }
        if (beyond) {
            add({Origin::Kind::tail, 0, dependency.project, 0, no_extra},
                name_of(dependency.project, no_extra), 0);
            round_.tail_specifiers[dependency.project].insert(dependency.specifiers);
        }
        if (dependency.extra != no_extra) {
            for (const auto& [version, carrier] : carriers(dependency))
                add_carried_extra(dependency, version, carrier);
        }
    }

    void add_carried_extra(const PypiDependency& dependency,
                           const Pep440Version& version,
                           SolvableId carrier) {
        const Project& project = pypi_[dependency.project];
        if (const auto release = project.release_of(version)) {
            if (may_be_chosen(pypi_, filter_, dependency.project, *release))
                add_extra(dependency.project, *release, dependency.extra);
        } else {
            add({Origin::Kind::conda_extra, carrier, dependency.project, 0, dependency.extra},
                name_of_extra(dependency.project, dependency.extra, version), 1);
        }
    }

    // The conda solvables that carry the distribution at a version that the dependency admits. An address
    // asks for the one file that it names.
    std::vector<std::pair<Pep440Version, SolvableId>> carriers(const PypiDependency& dependency) const {
        std::vector<std::pair<Pep440Version, SolvableId>> found;
        const auto identity = conda_.identities.find(pypi_[dependency.project].name);
        if (identity == conda_.identities.end() || dependency.address != 0) return found;
        const SpecifierSet& set = pypi_.specifier_set(dependency.specifiers);
        for (const auto& entry : identity->second) {
            if (set.admits(entry.first)) found.push_back(entry);
        }
        return found;
    }

    std::uint32_t name_of(ProjectId project, std::uint32_t extra) {
        const auto [entry, is_new] = names_.try_emplace({project, extra}, 0U);
        if (is_new) {
            std::string name = "a:" + pypi_[project].name;
            if (extra != no_extra) name += "[" + std::string(pypi_.extra_name(extra)) + "]";
            entry->second = round_.problem.add_name(std::move(name));
            if (extra == no_extra) round_.problem.identity_keys[entry->second] = identity_key(project);
        }
        return entry->second;
    }

    // Where records of two names carry a distribution, an environment may have it at two versions, and so the
    // extra.
    std::uint32_t name_of_extra(ProjectId project, std::uint32_t extra, const Pep440Version& version) {
        if (!carried_by_several(project)) return name_of(project, extra);
        const auto [entry, is_new] = names_of_versions_.try_emplace({project, extra, version.text()}, 0U);
        if (is_new) {
            entry->second =
                round_.problem.add_name("a:" + pypi_[project].name + "[" +
                                        std::string(pypi_.extra_name(extra)) + "] " + version.text());
        }
        return entry->second;
    }

    bool carried_by_several(ProjectId project) {
        const auto [entry, is_new] = several_carriers_.try_emplace(project, false);
        const auto identity = conda_.identities.find(pypi_[project].name);
        if (!is_new || identity == conda_.identities.end()) return entry->second;
        const auto name = [&](const auto& carrier) { return conda_.problem.solvables[carrier.second].name; };
        const std::uint32_t first = name(identity->second.front());
        entry->second =
            std::ranges::any_of(identity->second, [&](const auto& c) { return name(c) != first; });
        return entry->second;
    }

    KeyId identity_key(ProjectId project) {
        const auto identity = conda_.identities.find(pypi_[project].name);
        if (identity == conda_.identities.end()) return Problem::no_key;
        const auto [entry, is_new] = identity_keys_.try_emplace(project, Problem::no_key);
        if (is_new) {
            std::vector<SolvableId> providers;
            for (const auto& [version, solvable] : identity->second) providers.push_back(solvable);
            entry->second = add_key({KeyMeaning::Kind::identity, project, 0}, std::move(providers));
        }
        return entry->second;
    }

    SolvableId add(const Origin& origin, std::uint32_t name, std::uint32_t rank) {
        const auto [entry, is_new] = solvables_.try_emplace(
            std::tuple(origin.kind, origin.index, origin.project, origin.release, origin.extra),
            static_cast<SolvableId>(round_.problem.solvables.size()));
        if (is_new) {
            round_.problem.solvables.push_back({name, rank, {}, {}});
            round_.origins.push_back(origin);
            open_.push_back(entry->second);
        }
        return entry->second;
    }

    SolvableId add_release(ProjectId project, ReleaseId release) {
        return add({Origin::Kind::release, 0, project, release, no_extra}, name_of(project, no_extra),
                   pypi_.rank(project, release));
    }

    SolvableId add_extra(ProjectId project, ReleaseId release, std::uint32_t extra) {
        return add({Origin::Kind::extra, 0, project, release, extra},
                   name_of_extra(project, extra, pypi_[project].releases[release].version),
                   pypi_.rank(project, release));
    }

    // The placeholder of an extra carries no identity conflict: the distribution itself may well be conda's.
    void add_unknown(const PypiDependency& dependency) {
        const auto kind = dependency.extra == no_extra ? Origin::Kind::unknown : Origin::Kind::unknown_extra;
        add({kind, 0, dependency.project, 0, dependency.extra}, name_of(dependency.project, dependency.extra),
            1);
    }

    void describe(SolvableId solvable) {
        const Origin origin = round_.origins[solvable];
        switch (origin.kind) {
            case Origin::Kind::release:
                describe_release(solvable, origin);
                break;
            case Origin::Kind::extra:
                describe_extra(solvable, origin);
                break;
            case Origin::Kind::conda_extra:
                round_.problem.solvables[solvable].requirements.push_back(
                    add_key({KeyMeaning::Kind::identity, origin.project, 0}, {origin.index}));
                break;
            case Origin::Kind::tail:
            case Origin::Kind::unknown:
                conflict_with_carriers(solvable, origin.project);
                break;
            default:
                break;
        }
    }

    void conflict_with_carriers(SolvableId solvable, ProjectId project) {
        const KeyId identity = identity_key(project);
        if (identity != Problem::no_key) round_.problem.solvables[solvable].conflicts.push_back(identity);
    }

    void describe_release(SolvableId solvable, const Origin& origin) {
        const Release& release = pypi_[origin.project].releases[origin.release];
        std::set<KeyId> requirements;
        if (pypi_.pythons().from_conda && release.pythons != pypi_.pythons().all) {
            requirements.insert(python_key(release.pythons));
        }
        if (release.requirements) {
            for (const DependencyId dependency : release.requirements->base) {
                requirements.insert(dependency_key(dependency));
            }
        }
        if (input_.inherit_bounds) {
            for (const DependencyId bound : inherited_bounds(pypi_, origin.project, origin.release))
                requirements.insert(dependency_key(bound));
        }
        cuda_.add_needs_of_release(origin, requirements);
        round_.problem.solvables[solvable].requirements = {requirements.begin(), requirements.end()};
        conflict_with_carriers(solvable, origin.project);
    }

    void describe_extra(SolvableId solvable, const Origin& origin) {
        std::set<KeyId> requirements{exact_key(origin.project, origin.release)};
        const Release& release = pypi_[origin.project].releases[origin.release];
        if (release.requirements) {
            const auto found = release.requirements->by_extra.find(origin.extra);
            if (found != release.requirements->by_extra.end()) {
                for (const DependencyId dependency : found->second)
                    requirements.insert(dependency_key(dependency));
            }
        }
        cuda_.add_needs_of_extra(origin, requirements);
        round_.problem.solvables[solvable].requirements = {requirements.begin(), requirements.end()};
    }

    KeyId exact_key(ProjectId project, ReleaseId release) {
        const auto [entry, is_new] = exact_keys_.try_emplace({project, release}, KeyId{0});
        if (!is_new) return entry->second;
        std::vector<SolvableId> providers{add_release(project, release)};
        const auto identity = conda_.identities.find(pypi_[project].name);
        if (identity != conda_.identities.end()) {
            for (const auto& [version, solvable] : identity->second) {
                if (version == pypi_[project].releases[release].version) providers.push_back(solvable);
            }
        }
        const KeyId key = add_key({KeyMeaning::Kind::exact_release, project, release}, std::move(providers));
        return exact_keys_[{project, release}] = key;
    }

    KeyId python_key(const PythonSet& pythons) {
        const auto [entry, is_new] = python_keys_.try_emplace(pythons.to_string(), KeyId{0});
        if (is_new) {
            std::vector<SolvableId> providers;
            conda_.add_pythons(pythons, providers);
            entry->second = add_key({KeyMeaning::Kind::python, 0, 0}, std::move(providers));
        }
        return entry->second;
    }

    void fill(DependencyId id, KeyId key) {
        const PypiDependency& dependency = pypi_.dependency(id);
        std::vector<SolvableId> providers;
        if (dependency.pythons != pypi_.pythons().all) conda_.add_pythons(~dependency.pythons, providers);
        const Project& project = pypi_[dependency.project];
        const auto push = [&](const Origin& origin) {
            const auto found = solvables_.find(
                std::tuple(origin.kind, origin.index, origin.project, origin.release, origin.extra));
            if (found != solvables_.end()) providers.push_back(found->second);
        };
        const bool is_extra = dependency.extra != no_extra;
        if (!project.has_page) {
            push({is_extra ? Origin::Kind::unknown_extra : Origin::Kind::unknown, 0, dependency.project, 0,
                  dependency.extra});
        } else {
            const std::set<ReleaseId>& window = windows_.releases[dependency.project];
            bool beyond = false;
            for (const ReleaseId release : candidates(dependency.project, dependency.specifiers)) {
                if (window.contains(release)) {
                    push({is_extra ? Origin::Kind::extra : Origin::Kind::release, 0, dependency.project,
                          release, dependency.extra});
                } else {
                    beyond = true;
                }
            }
            if (beyond) push({Origin::Kind::tail, 0, dependency.project, 0, no_extra});
        }
        for (const auto& [version, carrier] : carriers(dependency)) {
            if (!is_extra) {
                providers.push_back(carrier);
            } else if (!project.has_page) {
                continue;
            } else if (const auto release = project.release_of(version)) {
                push({Origin::Kind::extra, 0, dependency.project, *release, dependency.extra});
            } else {
                push({Origin::Kind::conda_extra, carrier, dependency.project, 0, dependency.extra});
            }
        }
        sort_unique(providers);
        round_.problem.keys[key] = std::move(providers);
    }

    const RoundsInput& input_;
    const CondaPart& conda_;
    PypiWorld& pypi_;
    Windows& windows_;
    const ReleaseFilter& filter_;
    EncodedRound round_;
    CudaRules cuda_;
    std::vector<SolvableId> open_;  // solvables whose requirements are not written yet
    std::size_t next_ = 0;
    std::map<ProjectId, std::vector<DependencyId>> touched_;
    std::map<std::pair<ProjectId, std::uint32_t>, std::vector<ReleaseId>> candidates_;
    std::map<std::pair<ProjectId, std::uint32_t>, std::uint32_t> names_;
    std::map<std::tuple<ProjectId, std::uint32_t, std::string>, std::uint32_t> names_of_versions_;
    std::map<ProjectId, bool> several_carriers_;
    std::map<std::tuple<Origin::Kind, std::uint32_t, ProjectId, ReleaseId, std::uint32_t>, SolvableId>
        solvables_;
    std::map<ProjectId, KeyId> identity_keys_;
    std::map<std::pair<ProjectId, ReleaseId>, KeyId> exact_keys_;
    std::map<std::string, KeyId> python_keys_;
};

}  // namespace

EncodedRound encode_round(const RoundsInput& input, PypiWorld& pypi, Windows& windows) {
    return RoundEncoder(input, pypi, windows).encode();
}

}  // namespace aimlock::engine
