#include "solver/engine/solve.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "solver/engine/cuda_bindings.hpp"
#include "solver/engine/cuda_code.hpp"
#include "solver/engine/cuda_compat.hpp"
#include "solver/engine/newest_first.hpp"
#include "solver/engine/objective.hpp"
#include "solver/engine/pythons.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock {
namespace {

using Attempt = Result<std::optional<engine::Solved>>;

// What is preferred stays where that is possible at all; else the solve decides what moves.
Attempt keep_or_solve(engine::TargetSolver& solver) {
    const engine::Goals goals = engine::keep_everything(solver);
    if (!goals.limits.empty()) {
        auto kept = solver.attempt(solver.all_roots(), goals);
        if (!kept || *kept) return kept;
    }
    if (solver.options().resolution == ResolutionMode::highest && solver.request().preferred.empty())
        return engine::attempt_newest_first(solver, solver.all_roots());
    return solver.attempt(solver.all_roots());
}

// Of all answers the best one.
Result<engine::Solved> best_of(engine::TargetSolver& solver, engine::Solved first) {
    auto matched = engine::with_bindings_of_cuda_major(solver, solver.all_roots(), std::move(first));
    if (!matched) return matched;
    return engine::improve(solver, solver.all_roots(), *std::move(matched));
}

std::set<engine::ProjectId> projects_with_named_prereleases(const engine::TargetSolver& solver,
                                                            const engine::Solved& solved) {
    std::set<engine::ProjectId> projects;
    for (const engine::SolvableId id : solved.answer.installed) {
        const engine::Origin& origin = solved.answer.round.origins[id];
        if (origin.kind == engine::Origin::Kind::release &&
            solver.pypi().is_prerelease_to_be_named(origin.project, origin.release))
            projects.insert(origin.project);
    }
    return projects;
}

// A pre-release that the best answer has because one package names it will be there: so others may have it,
// too, if that makes the answer better. What named it need not stay then.
Result<engine::Solved> best_with_prereleases(engine::TargetSolver& solver, engine::Solved first) {
    auto best = best_of(solver, std::move(first));
    while (best) {
        const auto projects = projects_with_named_prereleases(solver, *best);
        if (projects.empty()) break;
        solver.admit_prereleases_of(projects);
        solver.notes().clear();  // of an answer that is given up
        auto again = keep_or_solve(solver);
        if (!again) return tl::make_unexpected(again.error());
        if (!*again) break;
        best = best_of(solver, **std::move(again));
    }
    return best;
}

// The lazy loop, then the objective. A second try takes pre-releases where nothing else is left; each one
// used is named.
Attempt best_answer(engine::TargetSolver& solver) {
    auto solved = keep_or_solve(solver);
    const bool may_take_prereleases = solver.options().prerelease == PrereleaseMode::if_necessary &&
                                      !solver.request().pypi.empty() && !solver.prereleases_allowed();
    if (solved && !*solved && may_take_prereleases) {
        solver.allow_prereleases();
        if (solver.may_be_solvable(solver.all_roots())) solved = keep_or_solve(solver);
    }
    if (!solved || !*solved) return solved;
    return best_with_prereleases(solver, **std::move(solved)).map([](engine::Solved best) {
        return std::optional(std::move(best));
    });
}

// Wheels whose metadata does not tell whether they run on the target are read when they are chosen. What is
// refused then gives way to another release, which may have to be read, too.
Attempt best_that_runs(engine::TargetSolver& solver) {
    constexpr unsigned most_readings = 8;
    auto best = best_answer(solver);
    for (unsigned i = 0; i < most_readings && best && *best; ++i) {
        if (!engine::read_chosen_code(solver, **best)) break;
        solver.notes().clear();  // of an answer that is given up
        best = best_answer(solver);
    }
    return best;
}

}  // namespace

Result<Outcome> solve_target(const TargetRequest& request,
                             const SolveOptions& options,
                             const std::vector<Channel>& channels,
                             const NameMap& name_map,
                             MetadataSource& source,
                             Progress& progress) {
    const engine::CompatRequest compat = engine::with_cuda_compat(request, channels);
    const TargetRequest& asked = compat.raised ? *compat.raised : request;
    engine::TargetSolver solver(asked, options, channels, name_map, source, progress);
    // Both worlds, indexed; conda's closure read.
    if (auto prepared = solver.prepare(); !prepared) return tl::make_unexpected(prepared.error());
    auto solved = best_that_runs(solver);
    if (!solved) return tl::make_unexpected(solved.error());
    if (*solved) {
        // Words for what was found.
        auto solution = engine::to_solution(solver, **solved);
        if (!solution) return tl::make_unexpected(solution.error());
        solution->target = request.target;
        if (!compat.note.empty()) solution->warnings.push_back(compat.note);
        solution->stats = solver.stats();
        solution->stats.metadata_documents = solver.pypi().documents();
        solution->stats.fetched = source.counts();
        return *std::move(solution);
    }
    if (!options.explain) return Conflict{};
    auto conflict = engine::explain(solver);
    if (!conflict) return tl::make_unexpected(conflict.error());
    conflict->stats = solver.stats();
    conflict->stats.fetched = source.counts();
    return *std::move(conflict);
}

WheelFilter wheel_filter(const std::vector<TargetRequest>& targets, const std::vector<Channel>& channels) {
    auto tag_sets = std::make_shared<std::vector<CompatibleTags>>();
    for (const TargetRequest& request : targets) {
        std::vector<std::pair<unsigned, bool>> abis;
        const auto note = [&](const std::optional<std::pair<unsigned, bool>>& abi) {
            if (abi && std::ranges::find(abis, *abi) == abis.end()) abis.push_back(*abi);
        };
        for (const Channel& channel : channels) {
            for (const Repodata& repodata : channel.subdirs) {
                if (repodata.subdir != request.target.platform && repodata.subdir != "noarch") continue;
                for (const CondaRecord& record : repodata.records_named("python")) {
                    const std::string_view version = repodata.text(record.version);
                    const auto parsed = CondaVersion::parse(version);
                    const bool wanted =
                        parsed && std::ranges::all_of(request.conda, [&](const CondaRoot& root) {
                            return root.spec.name != "python" || !root.spec.version ||
                                   root.spec.version->contains(*parsed);
                        });
                    if (wanted) note(engine::python_abi_of(version, repodata.text(record.build)));
                }
            }
        }
        if (request.target.python) note(engine::python_abi_of(*request.target.python, {}));
        for (const auto& [minor, free_threaded] : abis) {
            tag_sets->emplace_back(request.target.tag_platform(minor, free_threaded));
        }
    }
    return [tag_sets](std::string_view file_name) {
        return std::ranges::any_of(
            *tag_sets, [&](const CompatibleTags& tags) { return tags.rank(file_name).has_value(); });
    };
}

}  // namespace aimlock
