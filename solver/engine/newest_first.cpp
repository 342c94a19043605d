#include "solver/engine/newest_first.hpp"

namespace aimlock::engine {
namespace {

std::vector<GradedName> dates_of_direct(TargetSolver& solver, const Roots& roots, const CondaPart& part) {
    std::vector<GradedName> dates;
    std::set<std::string> names;
    for (const CondaRoot& root : roots.conda) {
        if (root.spec.name != "python" && names.insert(root.spec.name).second)
            dates.push_back(conda_dates(solver, root.spec.name));
    }
    std::set<ProjectId> projects;
    for (const PypiRoot& root : roots.pypi) {
        const ProjectId project = solver.pypi().project(root.requirement.name);
        if (solver.pypi()[project].has_page && projects.insert(project).second)
            dates.push_back(project_dates(solver, project, part));
    }
    return dates;
}

}  // namespace

Result<std::optional<Solved>> attempt_newest_first(TargetSolver& solver, const Roots& roots) {
    Solved solved;
    solved.conda = solver.closed_part(roots);
    RoundsInput input = solver.rounds_input(roots, solved.conda);
    // The pages of all direct requirements, and with them the dates.
    if (auto read = solver.rounds().look_ahead(input); !read) return tl::make_unexpected(read.error());
    input.goals.wishes = dates_of_direct(solver, roots, solved.conda);
    auto answer = solver.rounds().run(input);
    if (!answer) return tl::make_unexpected(answer.error());
    if (!*answer) return std::nullopt;
    solved.answer = **std::move(answer);
    return solved;
}

}  // namespace aimlock::engine
