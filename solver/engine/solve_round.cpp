#include "solver/engine/solve_round.hpp"

#include <algorithm>
#include <functional>

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

// The keys of the wishes, one for each grade of a name: something of that grade or a higher one. In the order
// of grades over all names: libsolv lets go the last of those that cannot be had together.
std::vector<KeyId> keys_of_wishes(const EncodedRound& round, Reduced& reduced) {
    std::vector<std::pair<Grade, std::vector<SolvableId>>> wishes;
    for (const auto& wish : round.wishes) {
        std::vector<std::pair<Grade, SolvableId>> left;
        for (const auto& [id, grade] : wish) {
            const auto kept = std::ranges::lower_bound(reduced.kept, id);
            if (kept != reduced.kept.end() && *kept == id)
                left.emplace_back(grade, static_cast<SolvableId>(kept - reduced.kept.begin()));
        }
        std::ranges::sort(left, std::greater{});
        std::vector<SolvableId> as_good;
        for (std::size_t i = 0; i + 1 < left.size(); ++i) {
            as_good.insert(std::ranges::upper_bound(as_good, left[i].second), left[i].second);
            if (left[i + 1].first != left[i].first) wishes.emplace_back(left[i].first, as_good);
        }
    }
    std::ranges::stable_sort(wishes, {}, [](const auto& wish) { return wish.first; });
    std::vector<KeyId> keys;
    for (auto& [grade, providers] : wishes) keys.push_back(reduced.problem.add_key(std::move(providers)));
    return keys;
}

// Wishes lengthen the proof that there is no solution, and change nothing about it.
Installed solve_reduced(const EncodedRound& round, Reduced reduced, double& spent_ms) {
    if (round.is_trial || round.wishes.empty()) {
        Installed installed = solve_problem(reduced.problem, spent_ms);
        if (!installed || round.wishes.empty()) return renumbered(installed, reduced.kept);
    }
    reduced.problem.wishes = keys_of_wishes(round, reduced);
    return renumbered(solve_problem(reduced.problem, spent_ms), reduced.kept);
}

}  // namespace

std::optional<std::vector<SolvableId>> solve_round(const EncodedRound& round, double& spent_ms) {
    const Pruning pruning = prune(round.problem);
    if (pruning.contradiction) return std::nullopt;
    Reduced reduced = reduce(round.problem, pruning);
    const std::optional<KeyId> steps = key_of_steps(round, reduced);
    if (!steps) return solve_reduced(round, std::move(reduced), spent_ms);
    Problem single = reduced.problem;
    for (const SolvableId step : reduced.problem.keys[*steps]) {
        single.keys[*steps] = {step};
        const Pruning certain = prune(single);
        if (certain.contradiction) continue;
        Reduced rest = reduce(single, certain);
        for (SolvableId& kept : rest.kept) kept = reduced.kept[kept];
        if (Installed installed = solve_reduced(round, std::move(rest), spent_ms)) return installed;
    }
    return std::nullopt;
}

}  // namespace aimlock::engine
