#include "solver/engine/newest_first.hpp"

#include <algorithm>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/grades.hpp"

namespace aimlock::engine {
namespace {

// Lowering a date takes up to thirty solves. Among this many conda solvables each costs a tenth of a second,
// more than what is walked down in a joint request; the objective comes to the same dates in fewer.
constexpr std::size_t most_conda_solvables = 2000;

class NewestFirst {
public:
    NewestFirst(TargetSolver& solver, const Roots& roots, const CondaPart& part)
        : solver_(solver), input_(solver.rounds_input(roots, part)) {
        std::set<ProjectId> seen;
        for (const PypiRoot& root : roots.pypi) {
            if (solver.pypi().lower(root.requirement, {}, false).empty()) continue;
            const ProjectId project = solver.pypi().project(root.requirement.name);
            // What conda may provide is read already: there is nothing to walk down.
            if (part.identities.contains(solver.pypi()[project].name) || !seen.insert(project).second)
                continue;
            add(project, solver.pypi().specifiers(root.requirement.specifiers), part);
        }
        sort_unique(dates_);
        std::erase_if(dates_, [&](Grade date) { return date > newest_; });
    }

    Result<std::optional<RoundsAnswer>> run() {
        // dates_[next - 1] is the date to try; 0: no date.
        std::size_t next = dates_.size();
        while (true) {
            demand(next);
            auto answer = solver_.rounds().run(input_);
            if (!answer || *answer || next == 0) return answer;
            next = lowered(next);
        }
    }

private:
    void add(ProjectId project, std::uint32_t specifiers, const CondaPart& part) {
        const auto candidates =
            solver_.windows().candidates(solver_.pypi(), input_.filter, project, specifiers);
        if (candidates.empty()) return;
        auto graded = project_dates(solver_, project, part);
        Grade newest = 0;
        for (const ReleaseId release : candidates) {
            const Grade date = graded->of_release(release);
            newest = std::max(newest, date);
            if (date != best_grade) dates_.push_back(date);
        }
        newest_ = std::min(newest_, newest);
        names_.push_back(std::move(graded));
    }

    void demand(std::size_t next) {
        input_.goals = {};
        input_.hope_for_names = next == 0;  // where a date does not do, an older one will
        if (next == 0) return;
        for (const GradedName& name : names_)
            input_.goals.limits.push_back({name, dates_[next - 1], best_grade});
    }

    [[nodiscard]] bool possible(std::size_t next) {
        if (next == 0) return true;
        demand(next);
        const bool found = solver_.rounds().may_be_solvable(input_);
        // It reads nothing: a trial, not one of the rounds that lead to the answer.
        --solver_.stats().rounds;
        ++solver_.stats().trial_rounds;
        ++solver_.stats().trials;
        return found;
    }

    // The newest date before `next` that what is known now does not rule out. Each step is a solve that reads
    // nothing; that it has no solution is certain.
    [[nodiscard]] std::size_t lowered(std::size_t next) {
        std::size_t impossible = next;
        std::size_t step = 1;
        while (true) {
            const std::size_t tried = impossible > step ? impossible - step : 0;
            if (possible(tried)) {
                std::size_t low = tried;  // possible
                while (impossible - low > 1) {
                    const std::size_t middle = low + (impossible - low) / 2;
                    (possible(middle) ? low : impossible) = middle;
                }
                return low;
            }
            impossible = tried;
            step *= 2;
        }
    }

    TargetSolver& solver_;
    RoundsInput input_;
    std::vector<GradedName> names_;
    std::vector<Grade> dates_;  // of all candidates, ascending
    Grade newest_ = best_grade;
};

}  // namespace

Result<std::optional<Solved>> attempt_newest_first(TargetSolver& solver, const Roots& roots) {
    Solved solved;
    solved.conda = solver.closed_part(roots);
    if (solved.conda.problem.solvables.size() > most_conda_solvables) return solver.attempt(roots);
    if (auto read = solver.rounds().look_ahead(solver.rounds_input(roots, solved.conda)); !read)
        return tl::make_unexpected(read.error());
    auto answer = NewestFirst(solver, roots, solved.conda).run();
    if (!answer) return tl::make_unexpected(answer.error());
    if (!*answer) return std::nullopt;
    solved.answer = **std::move(answer);
    return solved;
}

}  // namespace aimlock::engine
