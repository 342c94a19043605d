#include "solver/engine/reduce.hpp"

#include <random>

#include <gmock/gmock.h>

namespace aimlock::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Toy {
    Problem problem;
    SolvableId add(std::uint32_t name, std::uint32_t rank, std::vector<KeyId> requirements = {}) {
        problem.solvables.push_back({name, rank, std::move(requirements), {}});
        return static_cast<SolvableId>(problem.solvables.size() - 1);
    }
    Reduced reduced() const { return reduce(problem, prune(problem)); }
};

TEST(Reduce, OfWhatNoKeyTellsApartTheBestRankedStays) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto a2 = toy.add(a, 2);
    const auto a3 = toy.add(a, 3);
    const auto a1 = toy.add(a, 1);
    toy.problem.jobs.push_back(toy.problem.add_key({a2, a3, a1}));
    EXPECT_THAT(toy.reduced().kept, ElementsAre(a3));
}

TEST(Reduce, WhatAKeyInUseTellsApartStays) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto b = toy.problem.add_name("b");
    const auto a2 = toy.add(a, 2);
    const auto a1 = toy.add(a, 1);
    const KeyId any_a = toy.problem.add_key({a2, a1});
    const KeyId old_a = toy.problem.add_key({a1});
    const auto b2 = toy.add(b, 2, {any_a});
    const auto b1 = toy.add(b, 1, {old_a});
    toy.problem.jobs.push_back(toy.problem.add_key({b2, b1}));
    EXPECT_THAT(toy.reduced().kept, ElementsAre(a2, a1, b2, b1));
}

TEST(Reduce, WhatABetterOneCanStandForIsLeftOut) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto b = toy.problem.add_name("b");
    const auto c = toy.problem.add_name("c");
    const auto a3 = toy.add(a, 3);
    const auto a2 = toy.add(a, 2);
    const auto a1 = toy.add(a, 1);
    const KeyId any_a = toy.problem.add_key({a3, a2, a1});
    const KeyId new_a = toy.problem.add_key({a3, a2});
    const auto b2 = toy.add(b, 2, {new_a});
    const auto b1 = toy.add(b, 1);
    const auto c2 = toy.add(c, 2);
    const auto c1 = toy.add(c, 1);
    toy.problem.solvables[c2].conflicts = {toy.problem.add_key({a3})};
    toy.problem.jobs = {any_a, toy.problem.add_key({b2, b1}), toy.problem.add_key({c2, c1})};
    // a3 meets all that a2 does, but c2 refuses it; a2 meets all that a1 does.
    EXPECT_THAT(toy.reduced().kept, ElementsAre(a3, a2, b2, b1, c2, c1));
}

TEST(Reduce, AConflictTellsApart) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto b = toy.problem.add_name("b");
    const auto a2 = toy.add(a, 2);
    const auto a1 = toy.add(a, 1);
    const auto b2 = toy.add(b, 2);
    const auto b1 = toy.add(b, 1);
    toy.problem.solvables[b2].conflicts = {toy.problem.add_key({a2})};
    toy.problem.jobs = {toy.problem.add_key({a2, a1}), toy.problem.add_key({b2, b1})};
    EXPECT_THAT(toy.reduced().kept, ElementsAre(a2, a1, b2, b1));
}

TEST(Reduce, WhatNothingLiveAsksForIsLeftOut) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto b = toy.problem.add_name("b");
    const auto a1 = toy.add(a, 1);
    toy.add(b, 1);
    toy.problem.jobs.push_back(toy.problem.add_key({a1}));
    EXPECT_THAT(toy.reduced().kept, ElementsAre(a1));
}

TEST(Reduce, AForcedRequirementBecomesAJobAndTellsNobodyApart) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto python = toy.problem.add_name("python");
    const auto p2 = toy.add(python, 2);
    const auto p1 = toy.add(python, 1);
    const KeyId any_python = toy.problem.add_key({p2, p1});
    const auto a2 = toy.add(a, 2, {any_python});
    const auto a1 = toy.add(a, 1);
    toy.problem.jobs = {any_python, toy.problem.add_key({a2, a1})};
    const Reduced reduced = toy.reduced();
    EXPECT_THAT(reduced.kept, ElementsAre(p2, a2));
    EXPECT_THAT(reduced.problem.solvables[1].requirements, IsEmpty());
    EXPECT_THAT(reduced.problem.jobs, SizeIs(2));
}

// Against the problem itself: a solution where it has one, and a solution of it.
bool is_solution(const Problem& problem, const std::vector<SolvableId>& installed) {
    const auto holds = [&](SolvableId id) { return std::ranges::binary_search(installed, id); };
    const auto met = [&](KeyId key) { return std::ranges::any_of(problem.keys[key], holds); };
    for (std::size_t i = 0; i < installed.size(); ++i) {
        const Problem::Solvable& one = problem.solvables[installed[i]];
        if (!std::ranges::all_of(one.requirements, met)) return false;
        for (const KeyId key : one.conflicts) {
            for (const SolvableId other : problem.keys[key]) {
                if (other != installed[i] && holds(other)) return false;
            }
        }
        for (std::size_t j = i + 1; j < installed.size(); ++j) {
            if (problem.solvables[installed[j]].name == one.name) return false;
        }
    }
    return std::ranges::all_of(problem.jobs, met);
}

Problem random_problem(std::mt19937& random) {
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    Toy toy;
    std::vector<KeyId> keys;
    for (std::uint32_t name = 0; name < 5; ++name) {
        toy.problem.add_name("n" + std::to_string(name));
        const std::size_t count = 1 + below(5);
        for (std::size_t i = 0; i < count; ++i) toy.add(name, static_cast<std::uint32_t>(count - i));
    }
    for (std::size_t k = 0; k < 12; ++k) {
        const auto name = static_cast<std::uint32_t>(below(5));
        std::vector<SolvableId> providers;
        for (SolvableId id = 0; id < toy.problem.solvables.size(); ++id) {
            if (toy.problem.solvables[id].name == name && below(3) != 0) providers.push_back(id);
        }
        keys.push_back(toy.problem.add_key(std::move(providers)));
    }
    for (auto& solvable : toy.problem.solvables) {
        for (std::size_t i = below(3); i > 0; --i) solvable.requirements.push_back(keys[below(keys.size())]);
        if (below(4) == 0) solvable.conflicts.push_back(keys[below(keys.size())]);
    }
    for (std::size_t i = 1 + below(3); i > 0; --i) toy.problem.jobs.push_back(keys[below(keys.size())]);
    return std::move(toy.problem);
}

TEST(Reduce, RandomProblemsKeepTheirAnswer) {
    std::mt19937 random(20261124);
    int solved = 0;
    for (int i = 0; i < 2000; ++i) {
        const Problem problem = random_problem(random);
        double ms = 0;
        const auto whole = solve_problem(problem, ms);
        const Pruning pruning = prune(problem);
        if (pruning.contradiction) {
            ASSERT_FALSE(whole) << i;
            continue;
        }
        const Reduced reduced = reduce(problem, pruning);
        const auto part = solve_problem(reduced.problem, ms);
        ASSERT_EQ(whole.has_value(), part.has_value()) << i;
        if (!part) continue;
        std::vector<SolvableId> installed;
        for (const SolvableId id : *part) installed.push_back(reduced.kept[id]);
        std::ranges::sort(installed);
        ASSERT_TRUE(is_solution(problem, installed)) << i;
        ++solved;
    }
    EXPECT_GT(solved, 200);  // or the worlds say nothing
}

}  // namespace
}  // namespace aimlock::engine
