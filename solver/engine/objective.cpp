// How the best of all answers is found, and known to be the best.
//
// An answer is judged by levels: what is preferred, the dates of direct requirements, their versions, the
// upper bounds that older releases inherit, the versions of everything else. On each level one trial asks for
// any improvement: a disjunction of steps, each of which says "this one better, and those not worse". No
// solution is the proof for the whole level, whatever its length; a solution is a better answer, from which
// the next trial starts. What a level has reached limits all later trials.
//
// Example: direct requirements a, b, c at versions 3, 5, 2. The trial of their versions asks for
//     a > 3   or   (a >= 3 and b > 5)   or   (a >= 3 and b >= 5 and c > 2).
//
// Left: a trial for each name (as many solves as names, most of them to hear "no"); and versions of
// everything else in some order, one after the other. The second makes an early name newer by letting a later
// one fall back to releases from before a bound was known, which no solver can see is wrong.
#include "solver/engine/objective.hpp"

#include <algorithm>
#include <chrono>

#include "solver/engine/encoding_goals.hpp"
#include "solver/engine/grades.hpp"
#include "solver/engine/trials.hpp"

namespace aimlock::engine {
namespace {

class Objective {
public:
    Objective(TargetSolver& solver, const Roots& roots, Solved first)
        : solver_(solver), trials_(solver, roots, std::move(first)) {
        const bool lowest = solver.options().resolution != ResolutionMode::highest;
        add_direct_record("python", lowest);
        for (const CondaRoot& root : roots.conda) add_direct_record(root.spec.name, lowest);
        for (const PypiRoot& root : roots.pypi) {
            if (solver.pypi().lower(root.requirement, {}, false).empty()) continue;
            add_direct_project(root, lowest);
        }
    }

    Result<Solved> run() {
        if (solver_.options().resolution == ResolutionMode::highest) wish_for_dates();
        if (auto done = raise_named(); !done) return tl::make_unexpected(done.error());
        if (auto done = keep_preferred(); !done) return tl::make_unexpected(done.error());
        if (solver_.options().resolution == ResolutionMode::highest) {
            if (auto done = raise_the_oldest(trials_, dates_); !done)
                return tl::make_unexpected(done.error());
        }
        if (auto done = trials_.best_in_order(directs_); !done) return tl::make_unexpected(done.error());
        if (solver_.options().inherit_bounds && solver_.options().resolution == ResolutionMode::highest) {
            if (auto done = trials_.inherit_bounds(); !done) return tl::make_unexpected(done.error());
        }
        if (auto done = trials_.none_worse(everything_else()); !done)
            return tl::make_unexpected(done.error());
        solver_.stats().objective_complete = trials_.complete();
        return std::move(trials_).best();
    }

private:
    void add_direct_record(const std::string& name, bool lowest) {
        if (!trials_.held().records.contains(name) || !direct_names_.insert(name).second) return;
        directs_.push_back({conda_versions(solver_, name, lowest), no_specifiers()});
        if (name != "python") dates_.push_back({conda_dates(solver_, name), no_specifiers()});
    }

    void add_direct_project(const PypiRoot& root, bool lowest) {
        const ProjectId project = solver_.pypi().project(root.requirement.name);
        if (!direct_projects_.insert(project).second) return;
        const std::uint32_t specifiers = solver_.pypi().specifiers(root.requirement.specifiers);
        directs_.push_back({project_versions(solver_, project, trials_.part(), lowest), specifiers});
        dates_.push_back({project_dates(solver_, project, trials_.part()), specifiers});
    }

    [[nodiscard]] std::uint32_t no_specifiers() { return solver_.pypi().specifiers(SpecifierSet{}); }

    // A trial is solved by any answer that is better on its level. What libsolv does not prefer falls as far
    // as it may then, and is read on the way down.
    void wish_for_dates() {
        std::vector<GradedName> names;
        for (const Item& item : dates_) names.push_back(item.name);
        trials_.wish(std::move(names));
    }

    // `update NAME`: the named packages come before everything else.
    Result<void> raise_named() {
        std::vector<Item> named;
        for (const std::string& name : solver_.request().raised) {
            if (trials_.held().records.contains(name))
                named.push_back({conda_versions(solver_, name, false), no_specifiers()});
            const ProjectId project = solver_.pypi().project(name);
            if (trials_.held().releases.contains(project)) {
                named.push_back({project_versions(solver_, project, trials_.part(), false), no_specifiers()});
            }
        }
        return trials_.best_in_order(named);
    }

    Result<void> keep_preferred() {
        std::vector<Item> preferred;
        for (const PreferredVersion& version : solver_.request().preferred) {
            if (auto graded = preference(solver_, version))
                preferred.push_back({std::move(graded), no_specifiers()});
        }
        if (auto done = trials_.keep(preferred); !done) return done;
        // What is kept is as new as it should be.
        const auto is_kept = [&](const Item& item) {
            return std::ranges::any_of(preferred, [&](const Item& kept) {
                return kept.name->project == item.name->project &&
                       kept.name->conda_name == item.name->conda_name && trials_.grade(kept) == kept_grade;
            });
        };
        std::erase_if(dates_, is_kept);
        return {};
    }

    // Every installed package but the direct requirements, conda first.
    std::vector<Item> everything_else() {
        const bool lowest = solver_.options().resolution == ResolutionMode::lowest;
        std::vector<Item> others;
        const Held held = trials_.held();
        for (const auto& [name, record] : held.records)
            others.push_back({conda_builds(solver_, name, lowest), no_specifiers()});
        for (const auto& [project, release] : held.releases) {
            if (!direct_projects_.contains(project)) {
                others.push_back(
                    {project_versions(solver_, project, trials_.part(), lowest), no_specifiers()});
            }
        }
        return others;
    }

    TargetSolver& solver_;
    Trials trials_;
    std::vector<Item> directs_;  // by version, in the manifest's order; python first
    std::vector<Item> dates_;    // by date
    std::set<std::string> direct_names_;
    std::set<ProjectId> direct_projects_;
};

}  // namespace

Result<Solved> improve(TargetSolver& solver, const Roots& roots, Solved first) {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t rounds = solver.stats().rounds;
    auto improved = Objective(solver, roots, std::move(first)).run();
    solver.stats().trial_rounds += solver.stats().rounds - rounds;
    solver.stats().rounds = rounds;
    solver.stats().objective_ms +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return improved;
}

Goals keep_everything(TargetSolver& solver) {
    Goals goals;
    for (const PreferredVersion& version : solver.request().preferred) {
        if (auto graded = preference(solver, version))
            goals.limits.push_back({std::move(graded), kept_grade, best_grade});
    }
    return goals;
}

}  // namespace aimlock::engine
