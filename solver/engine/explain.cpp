// Explaining a refusal, in three steps. (1) A minimal set of requirements that has no solution: delete
// requirements, in halves first, as long as the rest still has none. Every test is one round with what is
// known, for unknowns only help. (2) On that core the exact reasoning of prune.hpp, over records that a solve
// would have left out as hopeless, usually ends in a contradiction by itself; its record of who killed whom
// is walked back from the empty key to lines of the manifest. (3) Edits that give a solution: repair.cpp.
#include <algorithm>
#include <optional>
#include <set>

#include "solver/engine/reason_text.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {
namespace {

constexpr std::size_t longest_chain = 12;

// Positions of `all` in one list: conda roots first.
Roots subset(const Roots& all, const std::vector<bool>& keep) {
    Roots roots;
    for (std::size_t i = 0; i < all.conda.size(); ++i) {
        if (keep[i]) roots.conda.push_back(all.conda[i]);
    }
    for (std::size_t i = 0; i < all.pypi.size(); ++i) {
        if (keep[all.conda.size() + i]) roots.pypi.push_back(all.pypi[i]);
    }
    return roots;
}

// Deletes with what is known first, for that costs no fetch; then what is left one by one, reading what is
// needed. A test that fails for a document out of reach deletes nothing.
Roots minimal_core(TargetSolver& solver, const Roots& all) {
    const std::size_t count = all.conda.size() + all.pypi.size();
    std::vector<bool> keep(count, true);
    for (std::size_t chunk = std::max<std::size_t>(count / 2, 1); chunk > 0; chunk /= 2) {
        for (std::size_t begin = 0; begin < count; begin += chunk) {
            std::vector<bool> fewer = keep;
            bool any = false;
            for (std::size_t i = begin; i < std::min(begin + chunk, count); ++i) {
                any = any || fewer[i];
                fewer[i] = false;
            }
            if (any && !solver.may_be_solvable(subset(all, fewer))) keep = fewer;
        }
    }
    // Until nothing goes: what conda asks for may be just what meets a requirement on PyPI, so that without
    // one requirement another is superfluous that was needed before.
    for (bool fewer = true; fewer;) {
        fewer = false;
        for (std::size_t i = 0; i < count; ++i) {
            if (!keep[i]) continue;
            keep[i] = false;
            const auto rest = solver.attempt(subset(all, keep));
            keep[i] = !rest || *rest;
            fewer = fewer || !keep[i];
        }
    }
    return subset(all, keep);
}

class Chain {
public:
    Chain(TargetSolver& solver, const EncodedRound& round, const Pruning& pruning)
        : text_(solver, round), round_(round), pruning_(pruning) {}

    std::vector<std::string> write() {
        follow_force(pruning_.empty_key);
        explain_empty(pruning_.empty_key);
        return std::move(lines_);
    }
    [[nodiscard]] bool names_cuda() const { return text_.names_cuda(); }

private:
    void say(std::string line) {
        if (lines_.size() < longest_chain && said_.insert(line).second) lines_.push_back(std::move(line));
    }

    // From a requirement of the manifest down to `key`: each step is what all candidates of the one before
    // need.
    void follow_force(KeyId key) {
        if (!followed_.insert(key).second) return;
        const Forced& forced = pruning_.forced[key];
        if (!forced.forced || forced.is_job) return;
        follow_force(forced.by);
        say(text_.candidates(forced.by, pruning_) + " needs " + text_.key(key));
    }

    // Why no provider of `key` can be there.
    void explain_empty(KeyId key) {
        if (!explained_.insert(key).second || lines_.size() >= longest_chain) return;
        const auto& providers = round_.problem.keys[key];
        if (providers.empty()) return say(text_.nothing_provides(key));
        std::set<std::pair<Death::Why, KeyId>> told;
        std::set<KeyId> causes;
        std::optional<SolvableId> alike;
        for (const SolvableId id : providers) {
            const Death& death = pruning_.deaths[id];
            if (text_.is_way_out(key, id)) continue;
            if (!told.emplace(death.why, death.key).second) continue;
            switch (death.why) {
                case Death::Why::alive:
                    break;
                case Death::Why::carried:
                    follow_force(death.key);
                    say(text_.name(id) + " must come from conda: " + text_.asker(death.key, pruning_) +
                        " asks for it");
                    say(text_.both(id, death.key, key));
                    break;
                case Death::Why::rival:
                    follow_force(death.key);
                    say(text_.both(id, death.key, key));
                    break;
                case Death::Why::excluded:
                    say(text_.solvable(death.by) + " does not go with " +
                        text_.providers_dead_by(key, death, pruning_));
                    break;
                case Death::Why::unmet:
                    if (!causes.insert(cause_of(death.key)).second) {
                        alike = id;
                        break;
                    }
                    say(text_.providers_dead_by(key, death, pruning_) + " needs " + text_.key(death.key));
                    explain_empty(death.key);
                    break;
            }
        }
        if (alike) say("it is the same with every other candidate of " + text_.name(*alike));
    }

    // The key at the end of a chain of unmet requirements, by each first candidate: what the deaths come down
    // to.
    KeyId cause_of(KeyId key) const {
        for (std::size_t steps = 0; steps < round_.problem.keys.size(); ++steps) {
            const auto& providers = round_.problem.keys[key];
            if (providers.empty() || pruning_.deaths[providers.front()].why != Death::Why::unmet) break;
            key = pruning_.deaths[providers.front()].key;
        }
        return key;
    }

    ReasonText text_;
    const EncodedRound& round_;
    const Pruning& pruning_;
    std::vector<std::string> lines_;
    std::set<std::string> said_;
    std::set<KeyId> followed_;
    std::set<KeyId> explained_;
};

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
bool explain_missing_names(TargetSolver& solver, const Roots& all, Conflict& conflict) {
    Roots missing;
    for (const CondaRoot& root : all.conda) {
        if (solver.conda().has_name(root.spec.name)) continue;
        missing.conda.push_back(root);
        const std::string nearest = solver.conda().nearest_name(root.spec.name);
        conflict.chain.push_back(
            "no channel has a package `" + root.spec.name + "`" +
            (nearest.empty() ? std::string() : "; the nearest name is `" + nearest + "`"));
    }
    for (const PypiRoot& root : all.pypi) {
        const Project& project = solver.pypi()[solver.pypi().project(root.requirement.name)];
        if (!project.has_page || project.page.exists) continue;
        missing.pypi.push_back(root);
        conflict.chain.push_back("no index has a project `" + root.requirement.name + "`");
    }
    // A record of another name may carry the distribution.
    if (conflict.chain.empty() || solver.may_be_solvable(missing)) {
        conflict.chain.clear();
        return false;
    }
    name_core(missing, conflict);
    return true;
}

}  // namespace

Result<Conflict> explain(TargetSolver& solver) {
    Conflict conflict;
    conflict.target = solver.request().target;
    const Roots all = solver.all_roots();
    if (solver.consider_every_python()) {
        if (auto again = solver.attempt(all); !again) return tl::make_unexpected(again.error());
    }
    if (explain_missing_names(solver, all, conflict)) return conflict;
    const Roots core = minimal_core(solver, all);
    name_core(core, conflict);
    const CondaPart part = solver.conda_part(core, true);
    const RoundsInput input = solver.rounds_input(core, part);
    const EncodedRound round = encode_round(input, solver.pypi(), solver.windows());
    const Pruning pruning = prune(round.problem);
    bool cuda_matters = false;
    if (pruning.contradiction) {
        Chain chain(solver, round, pruning);
        conflict.chain = chain.write();
        cuda_matters = chain.names_cuda();
    }
    if (conflict.chain.empty()) {
        conflict.chain.emplace_back(
            "no choice of versions meets these requirements together; any of them alone can be met");
    }
    conflict.repairs = find_repairs(solver, core, cuda_matters);
    return conflict;
}

}  // namespace aimlock::engine
