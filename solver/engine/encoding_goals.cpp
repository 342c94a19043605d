#include "solver/engine/encoding_goals.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/core.h>

#include "solver/base/sort_unique.hpp"

namespace aimlock::engine {
namespace {

bool within(const Limit& limit, Grade grade) {
    return grade >= limit.least && grade <= limit.most;
}

class GoalWriter {
public:
    GoalWriter(EncodedRound& round,
               const CondaPart& conda,
               const ReleaseFilter& filter,
               PypiWorld& pypi,
               const Windows& windows)
        : round_(round), conda_(conda), filter_(filter), pypi_(pypi), windows_(windows) {
        for (SolvableId id = 0; id < round.origins.size(); ++id) {
            const Origin& origin = round.origins[id];
            if (origin.kind == Origin::Kind::release || origin.kind == Origin::Kind::tail)
                of_project_[origin.project].push_back(id);
        }
        for (const auto& [record, solvable] : conda.solvable_of)
            of_conda_name_[conda.problem.names[round.problem.solvables[solvable].name]].push_back(solvable);
    }

    void write(const Goals& goals) {
        round_.is_trial = !goals.limits.empty() || !goals.steps.empty();
        for (const auto& wish : goals.wishes) round_.wishes.push_back(graded_solvables(*wish));
        if (!goals.limits.empty()) {
            const SolvableId always = add("c:limits", 0);
            exclude(always, goals.limits);
            require(always);
        }
        if (goals.steps.empty()) return;
        std::vector<SolvableId> alternatives;
        for (std::size_t i = 0; i < goals.steps.size(); ++i) {
            const Step& step = goals.steps[i];
            // Of alternatives of different names libsolv tries the smaller name first: the earlier step.
            const SolvableId solvable = add(fmt::format("d:{:06}", i), static_cast<std::uint32_t>(i + 1));
            exclude(solvable, step.limits);
            if (step.wanted) {
                round_.problem.solvables[solvable].requirements.push_back(
                    round_.add_key({KeyMeaning::Kind::goal, 0, 0}, providers(step)));
            }
            alternatives.push_back(solvable);
        }
        round_.problem.jobs.push_back(
            round_.add_key({KeyMeaning::Kind::goal, 0, 0}, std::move(alternatives)));
    }

private:
    SolvableId add(std::string name, std::uint32_t index) {
        const auto solvable = static_cast<SolvableId>(round_.problem.solvables.size());
        round_.problem.solvables.push_back({round_.problem.add_name(std::move(name)), 1, {}, {}});
        round_.origins.push_back({Origin::Kind::goal, index, 0, 0, no_extra});
        return solvable;
    }

    void require(SolvableId solvable) {
        round_.problem.jobs.push_back(round_.add_key({KeyMeaning::Kind::goal, 0, 0}, {solvable}));
    }

    void exclude(SolvableId solvable, const std::vector<Limit>& limits) {
        std::vector<SolvableId> outside;
        for (const Limit& limit : limits) add_outside(limit, outside);
        if (outside.empty()) return;
        sort_unique(outside);
        round_.problem.solvables[solvable].conflicts.push_back(
            round_.add_key({KeyMeaning::Kind::goal, 0, 0}, std::move(outside)));
    }

    void add_outside(const Limit& limit, std::vector<SolvableId>& outside) const {
        const Graded& graded = *limit.name;
        for (const SolvableId id : solvables_of(graded)) {
            const Origin& origin = round_.origins[id];
            bool fits = true;
            if (origin.kind == Origin::Kind::record) {
                fits = within(limit, graded.of_record(origin.index));
            } else if (origin.kind == Origin::Kind::release) {
                fits = within(limit, graded.of_release(origin.release));
            } else {
                fits = some_beyond_the_window(limit, origin.project);
            }
            if (!fits) outside.push_back(id);
        }
    }

    // What lies beyond a window is older than all in it.
    [[nodiscard]] std::vector<std::pair<SolvableId, Grade>> graded_solvables(const Graded& graded) const {
        std::vector<std::pair<SolvableId, Grade>> found;
        for (const SolvableId id : solvables_of(graded)) {
            const Origin& origin = round_.origins[id];
            if (origin.kind == Origin::Kind::record) {
                found.emplace_back(id, graded.of_record(origin.index));
            } else if (origin.kind == Origin::Kind::release) {
                found.emplace_back(id, graded.of_release(origin.release));
            } else {
                found.emplace_back(id, 0);
            }
        }
        return found;
    }

    // A tail stands for releases that are known by version and date, though not by what they require.
    [[nodiscard]] bool some_beyond_the_window(const Limit& limit, ProjectId project) const {
        const auto specifiers = round_.tail_specifiers.find(project);
        if (specifiers == round_.tail_specifiers.end()) return true;
        const std::set<ReleaseId>& window = windows_.releases.at(project);
        for (const std::uint32_t set : specifiers->second) {
            for (const ReleaseId release : windows_.candidates(pypi_, filter_, project, set)) {
                if (!window.contains(release) && within(limit, limit.name->of_release(release))) return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::vector<SolvableId> solvables_of(const Graded& graded) const {
        std::vector<SolvableId> found;
        if (graded.project) {
            if (const auto own = of_project_.find(*graded.project); own != of_project_.end())
                found = own->second;
            const auto carriers = conda_.identities.find(pypi_[*graded.project].name);
            if (carriers != conda_.identities.end()) {
                for (const auto& [version, solvable] : carriers->second) found.push_back(solvable);
            }
        } else if (const auto own = of_conda_name_.find("b:" + graded.conda_name);
                   own != of_conda_name_.end()) {
            found = own->second;
        }
        return found;
    }

    [[nodiscard]] std::vector<SolvableId> providers(const Step& step) const {
        const Limit& wanted = *step.wanted;
        const SpecifierSet* specifiers =
            wanted.name->project ? &pypi_.specifier_set(step.specifiers) : nullptr;
        const std::vector<ReleaseId> releases = wanted_releases(step, filter_, pypi_, windows_);
        std::vector<SolvableId> found;
        for (const SolvableId id : solvables_of(*wanted.name)) {
            const Origin& origin = round_.origins[id];
            if (origin.kind == Origin::Kind::release) {
                if (std::ranges::find(releases, origin.release) != releases.end()) found.push_back(id);
            } else if (origin.kind == Origin::Kind::record &&
                       within(wanted, wanted.name->of_record(origin.index))) {
                if (specifiers == nullptr || carries_admitted(id, *wanted.name->project, *specifiers))
                    found.push_back(id);
            }
        }
        sort_unique(found);
        return found;
    }

    [[nodiscard]] bool carries_admitted(SolvableId carrier,
                                        ProjectId project,
                                        const SpecifierSet& specifiers) const {
        return std::ranges::any_of(conda_.identities.at(pypi_[project].name), [&](const auto& entry) {
            return entry.second == carrier && specifiers.admits(entry.first);
        });
    }

    EncodedRound& round_;
    const CondaPart& conda_;
    const ReleaseFilter& filter_;
    PypiWorld& pypi_;
    const Windows& windows_;
    std::unordered_map<ProjectId, std::vector<SolvableId>> of_project_;
    std::unordered_map<std::string, std::vector<SolvableId>> of_conda_name_;
};

}  // namespace

std::vector<ReleaseId> wanted_releases(const Step& step,
                                       const ReleaseFilter& filter,
                                       PypiWorld& pypi,
                                       const Windows& windows) {
    if (!step.wanted || !step.wanted->name->project) return {};
    const Graded& graded = *step.wanted->name;
    std::vector<ReleaseId> releases = windows.candidates(pypi, filter, *graded.project, step.specifiers);
    std::erase_if(releases,
                  [&](ReleaseId release) { return !within(*step.wanted, graded.of_release(release)); });
    return releases;
}

void write_goals(EncodedRound& round,
                 const CondaPart& conda,
                 const Goals& goals,
                 const ReleaseFilter& filter,
                 PypiWorld& pypi,
                 const Windows& windows) {
    if (goals.limits.empty() && goals.steps.empty() && goals.wishes.empty()) return;
    GoalWriter(round, conda, filter, pypi, windows).write(goals);
}

void drop_what_only_goals_want(const EncodedRound& round, std::vector<SolvableId>& installed) {
    std::vector<bool> reached(round.problem.solvables.size(), false);
    std::vector<SolvableId> open;
    const auto reach = [&](KeyId key) {
        for (const SolvableId id : round.problem.keys[key]) {
            if (reached[id] || !std::ranges::binary_search(installed, id)) continue;
            reached[id] = true;
            open.push_back(id);
        }
    };
    for (const KeyId job : round.problem.jobs) {
        if (round.meanings[job].kind != KeyMeaning::Kind::goal) reach(job);
    }
    while (!open.empty()) {
        const SolvableId id = open.back();
        open.pop_back();
        for (const KeyId key : round.problem.solvables[id].requirements) reach(key);
    }
    std::erase_if(installed, [&](SolvableId id) { return !reached[id]; });
}

}  // namespace aimlock::engine
