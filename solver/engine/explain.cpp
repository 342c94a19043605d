// Explaining a refusal, in three steps. (1) A minimal set of requirements that has no solution: delete
// requirements, in halves first, as long as the rest still has none. Every test is one round with what is
// known, for unknowns only help. (2) The reasons, from lines of the manifest to a contradiction:
// reason_chain.cpp, or else meeting_point.cpp. (3) Edits that give a solution: repair.cpp.
#include <algorithm>
#include <optional>

#include "solver/engine/meeting_point.hpp"
#include "solver/engine/other_python.hpp"
#include "solver/engine/reason_chain.hpp"
#include "solver/engine/repair.hpp"
#include "solver/engine/unusable.hpp"

namespace aimlock::engine {
namespace {

// Deletes with what is known first, for that costs no fetch; then what is left one by one, reading what is
// needed. A test that fails for a document out of reach deletes nothing.
Roots minimal_core(TargetSolver& solver, const Roots& all) {
    const std::size_t count = all.count();
    std::vector<bool> keep(count, true);
    for (std::size_t chunk = std::max<std::size_t>(count / 2, 1); chunk > 0; chunk /= 2) {
        for (std::size_t begin = 0; begin < count; begin += chunk) {
            std::vector<bool> fewer = keep;
            bool any = false;
            for (std::size_t i = begin; i < std::min(begin + chunk, count); ++i) {
                any = any || fewer[i];
                fewer[i] = false;
            }
            if (any && !solver.may_be_solvable(all.subset(fewer))) keep = fewer;
        }
    }
    // Until nothing goes: what conda asks for may be just what meets a requirement on PyPI, so that without
    // one requirement another is superfluous that was needed before.
    for (bool fewer = true; fewer;) {
        fewer = false;
        for (std::size_t i = 0; i < count; ++i) {
            if (!keep[i]) continue;
            keep[i] = false;
            const auto rest = solver.attempt(all.subset(keep));
            keep[i] = !rest || *rest;
            fewer = fewer || !keep[i];
        }
    }
    return all.subset(keep);
}

void name_core(const Roots& core, Conflict& conflict) {
    for (const CondaRoot& root : core.conda) {
        conflict.requirements.push_back("conda: " + root.written);
        conflict.positions.push_back(root.pos);
    }
    for (const PypiRoot& root : core.pypi) {
        conflict.requirements.push_back("pypi: " + root.written);
        conflict.positions.push_back(root.pos);
    }
}

// Requirements on names that do not exist need no search.
Roots missing_names(TargetSolver& solver, const Roots& all) {
    Roots missing;
    for (const CondaRoot& root : all.conda) {
        if (!solver.conda().has_name(root.spec.name)) missing.conda.push_back(root);
    }
    for (const PypiRoot& root : all.pypi) {
        const Project& project = solver.pypi()[solver.pypi().project(root.requirement.name)];
        if (project.has_page && !project.page.exists) missing.pypi.push_back(root);
    }
    return missing;
}

bool explain_missing_names(TargetSolver& solver, const Roots& all, Conflict& conflict) {
    const Roots missing = missing_names(solver, all);
    for (const CondaRoot& root : missing.conda) {
        const SpecId spec = solver.conda().intern(root.spec);
        conflict.chain.push_back(unusable_records(solver, spec, root.written).sentence);
    }
    for (const PypiRoot& root : missing.pypi) {
        for (const DependencyId dependency : solver.pypi().lower(root.requirement, {}, false)) {
            const std::string asked = "`" + root.written + "`";
            conflict.chain.push_back(
                unusable_releases(solver, solver.pypi().dependency(dependency), asked).sentence);
            break;
        }
    }
    // A record of another name may carry the distribution.
    if (!conflict.chain.empty() && !solver.may_be_solvable(missing)) return true;
    conflict.chain.clear();
    return false;
}

ReasonChain chain_of(TargetSolver& solver, const Roots& core) {
    const CondaPart part = solver.conda_part(core, true);
    const RoundsInput input = solver.rounds_input(core, part);
    EncodedRound round = encode_round(input, solver.pypi(), solver.windows());
    return reason_chain(solver, round);
}

// Adds the bound on Python to a core that was found without it; what it makes superfluous goes: a Python that
// no channel has needs no wheel beside it. True when something went.
bool add_bound(TargetSolver& solver, const CondaRoot& bound, Roots& core) {
    core.conda.insert(core.conda.begin(), bound);
    bool gone = false;
    const auto drop = [&](auto& roots, std::size_t from) {
        for (std::size_t i = roots.size(); i-- > from;) {
            auto root = std::move(roots[i]);
            roots.erase(roots.begin() + static_cast<std::ptrdiff_t>(i));
            const auto rest = solver.attempt(core);
            if (rest && !*rest) {
                gone = true;
            } else {
                roots.insert(roots.begin() + static_cast<std::ptrdiff_t>(i), std::move(root));
            }
        }
    };
    drop(core.pypi, 0);
    drop(core.conda, 1);
    return gone;
}

}  // namespace

Result<Conflict> explain(TargetSolver& solver) {
    Conflict conflict;
    conflict.target = solver.request().target;
    const Roots all = solver.all_roots();
    if (solver.consider_every_python()) {
        if (auto again = solver.attempt(all); !again) return tl::make_unexpected(again.error());
    }
    const bool missing = explain_missing_names(solver, all, conflict);
    Roots core = missing ? missing_names(solver, all) : minimal_core(solver, all);
    ReasonChain chain;
    if (!missing) {
        chain = chain_of(solver, core);
        conflict.chain = chain.lines;
    }
    // Pages were read for the Pythons that the request admits: only another reading tells whether its bound
    // on Python is part of the reason, and whether another bound gives a solution.
    const bool asks_for_python =
        std::ranges::any_of(core.conda, [](const CondaRoot& root) { return root.spec.name == "python"; });
    std::optional<OtherPython> other;
    if (!core.pypi.empty() || chain.blamed.python || asks_for_python) other = OtherPython::of(solver);
    if (other && !other->solves(core)) {
        if (!chain.blamed.python && !asks_for_python) other.reset();
    } else if (other) {
        if (add_bound(solver, other->bound(), core)) {
            chain = chain_of(solver, core);
            conflict.chain = chain.lines;
        }
        if (core.count() > 1) {
            conflict.chain.push_back("`" + other->bound().written + "` leaves no other Python; with " +
                                     other->found() + " there is a solution");
        }
    }
    name_core(core, conflict);
    if (conflict.chain.empty()) conflict.chain = meeting_point(solver, core);
    if (conflict.chain.empty()) {
        conflict.chain.emplace_back(
            "no choice of versions meets these requirements together; any of them alone can be met");
    }
    conflict.repairs = find_repairs(solver, core,
                                    {chain.names_cuda, chain.blamed.channel_priority, chain.blamed.prerelease,
                                     other ? &*other : nullptr, chain.blamed.sources});
    return conflict;
}

}  // namespace aimlock::engine
