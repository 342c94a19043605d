#include "solver/engine/objective.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

namespace aimlock::engine {
namespace {

// Trials beyond this many stop the search, so that a request of hundreds of direct requirements ends in time.
// A count and not a clock: the answer must not depend on the machine.
constexpr std::uint64_t most_trials = 80;

constexpr std::int64_t newest_date = std::numeric_limits<std::int64_t>::max();

/// A direct requirement: what it may become, and what it is in an answer.
struct Direct {
    const CondaRoot* conda = nullptr;
    std::optional<ProjectId> project;
    std::uint32_t specifiers = 0;
    bool exempt = false;  ///< as new as the objective can make it
};

class Improver {
public:
    Improver(TargetSolver& solver, const Roots& roots, Solved first)
        : solver_(solver), input_(solver.rounds_input(roots, first.conda)), best_(std::move(first)) {
        input_.conda = &best_.conda;
        for (const CondaRoot& root : roots.conda) {
            if (root.spec.name != "python") directs_.push_back({&root, std::nullopt, 0, false});
        }
        for (const PypiRoot& root : roots.pypi) {
            if (solver.pypi().lower(root.requirement, {}, false).empty()) continue;
            directs_.push_back({nullptr, solver.pypi().project(root.requirement.name),
                                solver.pypi().specifiers(root.requirement.specifiers), false});
        }
    }

    Result<Solved> run() {
        if (auto done = raise_the_oldest(); !done) return tl::make_unexpected(done.error());
        return std::move(best_);
    }

private:
    // --- what the best answer holds
    [[nodiscard]] std::optional<RecordId> record_in(const std::string& name) const {
        for (const SolvableId id : best_.answer.installed) {
            const Origin& origin = best_.answer.round.origins[id];
            if (origin.kind == Origin::Kind::record && solver_.conda().name_of(origin.index) == name)
                return origin.index;
        }
        return std::nullopt;
    }

    // The release of a project, or the conda record that carries it.
    struct Provider {
        Pep440Version version;
        std::int64_t date = 0;
    };
    [[nodiscard]] std::optional<Provider> provider_in(ProjectId project) const {
        const std::string& name = solver_.pypi()[project].name;
        for (const SolvableId id : best_.answer.installed) {
            const Origin& origin = best_.answer.round.origins[id];
            if (origin.kind == Origin::Kind::release && origin.project == project) {
                const Release& release = solver_.pypi()[project].releases[origin.release];
                return Provider{release.version,
                                release.uploaded_ms != 0 ? release.uploaded_ms : newest_date};
            }
            if (origin.kind != Origin::Kind::record) continue;
            for (const Identity& identity : solver_.conda()[origin.index].identities) {
                if (identity.name == name) return Provider{identity.version, date_of(origin.index)};
            }
        }
        return std::nullopt;
    }

    // A version is as old as its first build: a rebuild makes no code newer. What has no date is never the
    // oldest.
    [[nodiscard]] std::int64_t date_of(RecordId id) const {
        const CondaWorld& world = solver_.conda();
        std::int64_t first = newest_date;
        for (const RecordId other : world.records_of(world[id].name)) {
            if (world[other].version != world[id].version || world[other].record == nullptr) continue;
            const auto built = static_cast<std::int64_t>(world[other].record->timestamp_ms);
            if (built != 0) first = std::min(first, built);
        }
        return first;
    }

    [[nodiscard]] std::int64_t date_in(const Direct& direct) const {
        if (direct.conda != nullptr) {
            const auto record = record_in(direct.conda->spec.name);
            return record ? date_of(*record) : newest_date;
        }
        const auto provider = provider_in(*direct.project);
        return provider ? provider->date : newest_date;
    }

    // --- what could be newer
    [[nodiscard]] std::vector<RecordId> newer_records(RecordId current) const {
        const CondaWorld& world = solver_.conda();
        std::vector<RecordId> newer;
        for (const RecordId id : world.records_of(world[current].name)) {
            if (world[id].version != world[current].version &&
                world.version_of(id) > world.version_of(current) && best_.conda.solvable_of.contains(id)) {
                newer.push_back(id);
            }
        }
        return newer;
    }

    [[nodiscard]] std::optional<Goal> newer_goal(const Direct& direct) const {
        Goal goal;
        goal.newer = true;
        if (direct.conda != nullptr) {
            const auto current = record_in(direct.conda->spec.name);
            if (!current) return std::nullopt;
            goal.records = newer_records(*current);
            return goal.records.empty() ? std::nullopt : std::optional(goal);
        }
        const auto current = provider_in(*direct.project);
        if (!current) return std::nullopt;
        goal.project = direct.project;
        goal.specifiers = direct.specifiers;
        goal.version = current->version;
        const auto newer = [&](const Pep440Version& version) { return version > current->version; };
        const Project& project = solver_.pypi()[*direct.project];
        const auto candidates =
            solver_.windows().candidates(solver_.pypi(), input_.filter, *direct.project, direct.specifiers);
        bool any =
            std::ranges::any_of(candidates, [&](ReleaseId r) { return newer(project.releases[r].version); });
        if (const auto carriers = best_.conda.identities.find(project.name);
            carriers != best_.conda.identities.end()) {
            const SpecifierSet& set = solver_.pypi().specifier_set(direct.specifiers);
            for (const auto& [version, solvable] : carriers->second)
                any = any || (newer(version) && set.admits(version));
        }
        return any ? std::optional(goal) : std::nullopt;
    }

    [[nodiscard]] Goal same_goal(const Direct& direct) const {
        Goal goal;
        if (direct.conda != nullptr) {
            const RecordId current = *record_in(direct.conda->spec.name);
            for (const RecordId id : solver_.conda().records_of(solver_.conda()[current].name)) {
                if (solver_.conda()[id].version == solver_.conda()[current].version)
                    goal.records.push_back(id);
            }
            return goal;
        }
        goal.project = direct.project;
        goal.specifiers = direct.specifiers;
        goal.version = provider_in(*direct.project)->version;
        return goal;
    }

    // --- trials
    Result<bool> attempt() {
        ++solver_.stats().trials;
        auto answer = solver_.rounds().run(input_);
        if (!answer) return tl::make_unexpected(answer.error());
        if (!*answer) return false;
        best_.answer = **std::move(answer);
        return true;
    }
    [[nodiscard]] bool may_try() const { return solver_.stats().trials < most_trials; }

    Result<void> raise_the_oldest() {
        while (may_try()) {
            Direct* oldest = nullptr;
            std::int64_t date = newest_date;
            for (Direct& direct : directs_) {
                const std::int64_t own = direct.exempt ? newest_date : date_in(direct);
                if (own < date) {
                    date = own;
                    oldest = &direct;
                }
            }
            if (oldest == nullptr) return {};
            if (newer_goal(*oldest)) {
                if (auto raised = raise_above(date, *oldest); !raised) return raised;
            }
            // The oldest of what is left cannot be newer: keep it there and look at the next.
            for (Direct& direct : directs_) {
                if (direct.exempt || date_in(direct) != oldest_date()) continue;
                direct.exempt = true;
                input_.goals.push_back(same_goal(direct));
                break;
            }
        }
        return {};
    }

    [[nodiscard]] std::int64_t oldest_date() const {
        std::int64_t date = newest_date;
        for (const Direct& direct : directs_) {
            if (!direct.exempt) date = std::min(date, date_in(direct));
        }
        return date;
    }

    // Binary search over the dates at which the oldest direct requirement could have been uploaded.
    Result<void> raise_above(std::int64_t date, const Direct& oldest) {
        std::vector<std::int64_t> dates;
        for (const std::int64_t candidate : dates_of(oldest)) {
            if (candidate > date) dates.push_back(candidate);
        }
        std::ranges::sort(dates);
        dates.erase(std::unique(dates.begin(), dates.end()), dates.end());
        std::size_t low = 0;  // every date before it is reached
        std::size_t high = dates.size();
        while (low < high && may_try()) {
            const std::size_t middle = low + (high - low) / 2;
            demand(dates[middle]);
            auto found = attempt();
            if (!found) return tl::make_unexpected(found.error());
            if (*found) {
                const std::int64_t reached = oldest_date();
                low = static_cast<std::size_t>(std::ranges::upper_bound(dates, reached) - dates.begin());
                low = std::max(low, middle + 1);
            } else {
                high = middle;
            }
        }
        demand(low == 0 ? 0 : dates[low - 1]);
        return {};
    }

    [[nodiscard]] std::vector<std::int64_t> dates_of(const Direct& direct) const {
        std::vector<std::int64_t> dates;
        if (direct.conda != nullptr) {
            for (const RecordId id : newer_records(*record_in(direct.conda->spec.name))) {
                dates.push_back(date_of(id));
            }
            return dates;
        }
        for (const ReleaseId release : solver_.windows().candidates(solver_.pypi(), input_.filter,
                                                                    *direct.project, direct.specifiers)) {
            dates.push_back(solver_.pypi()[*direct.project].releases[release].uploaded_ms);
        }
        return dates;
    }

    // From now on no direct requirement that is not exempt may be older than `date`.
    void demand(std::int64_t date) {
        input_.filter.dated.clear();
        input_.refused_records.clear();
        input_.filter.oldest_ms = date;
        if (date == 0) return;
        const CondaWorld& world = solver_.conda();
        for (const Direct& direct : directs_) {
            if (direct.exempt) continue;
            if (direct.project) {
                input_.filter.dated.insert(*direct.project);
                const auto carriers = best_.conda.identities.find(solver_.pypi()[*direct.project].name);
                if (carriers == best_.conda.identities.end()) continue;
                for (const auto& [version, solvable] : carriers->second) {
                    const RecordId id = best_.conda.origins[solvable].index;
                    if (date_of(id) < date) input_.refused_records.insert(id);
                }
                continue;
            }
            const auto current = record_in(direct.conda->spec.name);
            if (!current) continue;
            for (const RecordId id : world.records_of(world[*current].name)) {
                if (best_.conda.solvable_of.contains(id) && date_of(id) < date)
                    input_.refused_records.insert(id);
            }
        }
    }

    TargetSolver& solver_;
    RoundsInput input_;
    Solved best_;
    std::vector<Direct> directs_;
};

}  // namespace

Result<Solved> improve(TargetSolver& solver, const Roots& roots, Solved first) {
    if (solver.options().resolution != ResolutionMode::highest) return first;
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t rounds = solver.stats().rounds;
    auto improved = Improver(solver, roots, std::move(first)).run();
    solver.stats().rounds = rounds;  // those of trials are counted as trials
    solver.stats().objective_ms +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return improved;
}

}  // namespace aimlock::engine
