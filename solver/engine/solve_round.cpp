#include "solver/engine/solve_round.hpp"

#include <algorithm>

#include "solver/engine/reduce.hpp"

namespace aimlock::engine {
namespace {

// Beyond this many steps libsolv chooses among them: each step of its own costs a copy of the problem.
constexpr std::size_t most_single_steps = 64;

using Installed = std::optional<std::vector<SolvableId>>;

// The key of a problem that asks for one of several steps; `kept` leads to the round's solvables.
std::optional<KeyId> key_of_steps(const EncodedRound& round, const Reduced& reduced) {
    for (const KeyId job : reduced.problem.jobs) {
        const auto& providers = reduced.problem.keys[job];
        if (providers.size() < 2 || providers.size() > most_single_steps) continue;
        const auto is_step = [&](SolvableId id) {
            const Origin& origin = round.origins[reduced.kept[id]];
            return origin.kind == Origin::Kind::goal && origin.index > 0;
        };
        if (std::ranges::all_of(providers, is_step)) return job;
    }
    return std::nullopt;
}

Installed renumbered(const Installed& installed, const std::vector<SolvableId>& kept) {
    if (!installed) return std::nullopt;
    std::vector<SolvableId> ids;
    for (const SolvableId id : *installed) ids.push_back(kept[id]);
    std::ranges::sort(ids);
    return ids;
}

}  // namespace

std::optional<std::vector<SolvableId>> solve_round(const EncodedRound& round, double& spent_ms) {
    const Pruning pruning = prune(round.problem);
    if (pruning.contradiction) return std::nullopt;
    const Reduced reduced = reduce(round.problem, pruning);
    const std::optional<KeyId> steps = key_of_steps(round, reduced);
    if (!steps) return renumbered(solve_problem(reduced.problem, spent_ms), reduced.kept);
    Problem single = reduced.problem;
    for (const SolvableId step : reduced.problem.keys[*steps]) {
        single.keys[*steps] = {step};
        const Pruning certain = prune(single);
        if (certain.contradiction) continue;
        const Reduced rest = reduce(single, certain);
        const Installed installed = renumbered(solve_problem(rest.problem, spent_ms), rest.kept);
        if (installed) return renumbered(installed, reduced.kept);
    }
    return std::nullopt;
}

}  // namespace aimlock::engine
