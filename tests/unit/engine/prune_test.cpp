#include "solver/engine/prune.hpp"

#include <gmock/gmock.h>

namespace aimlock::engine {
namespace {

// A problem in which each solvable is added with its name.
struct Toy {
    Problem problem;
    SolvableId add(std::uint32_t name, std::vector<KeyId> requirements = {}) {
        problem.solvables.push_back({name, 1, std::move(requirements), {}});
        return static_cast<SolvableId>(problem.solvables.size() - 1);
    }
};

TEST(Prune, AForcedKeyKillsTheRivalsOfItsProviders) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto a2 = toy.add(a);
    const auto a1 = toy.add(a);
    toy.problem.jobs.push_back(toy.problem.add_key({a1}));
    const Pruning pruning = prune(toy.problem);
    EXPECT_FALSE(pruning.contradiction);
    EXPECT_TRUE(pruning.alive(a1));
    EXPECT_EQ(pruning.deaths[a2].why, Death::Why::rival);
}

TEST(Prune, ASolvableWithAnEmptyRequirementDiesAndItsUsersAfterIt) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto b = toy.problem.add_name("b");
    const KeyId nothing = toy.problem.add_key({});
    const auto b1 = toy.add(b, {nothing});
    const KeyId needs_b = toy.problem.add_key({b1});
    const auto a1 = toy.add(a, {needs_b});
    const Pruning pruning = prune(toy.problem);
    EXPECT_EQ(pruning.deaths[b1].key, nothing);
    EXPECT_EQ(pruning.deaths[a1].key, needs_b);
    EXPECT_FALSE(pruning.contradiction);
}

TEST(Prune, WhatEveryProviderOfAForcedKeyNeedsIsForcedToo) {
    Toy toy;
    const auto a = toy.problem.add_name("a");
    const auto b = toy.problem.add_name("b");
    const auto b2 = toy.add(b);
    const auto b1 = toy.add(b);
    const KeyId old_b = toy.problem.add_key({b1});
    const auto a1 = toy.add(a, {old_b});
    const auto a2 = toy.add(a, {old_b});
    toy.problem.jobs.push_back(toy.problem.add_key({a1, a2}));
    const Pruning pruning = prune(toy.problem);
    EXPECT_TRUE(pruning.forced[old_b].forced);
    EXPECT_FALSE(pruning.alive(b2));
}

TEST(Prune, CondaRecordsThatMustBeThereKillTheWheelsOfTheirDistribution) {
    Toy toy;
    const auto conda = toy.problem.add_name("b:numpy");
    const auto wheel = toy.problem.add_name("a:numpy");
    const auto conda2 = toy.add(conda);
    const auto conda1 = toy.add(conda);
    const auto wheel1 = toy.add(wheel);
    toy.problem.identity_keys[wheel] = toy.problem.add_key({conda2, conda1});
    toy.problem.jobs.push_back(toy.problem.add_key({conda2, conda1}));
    const Pruning pruning = prune(toy.problem);
    EXPECT_EQ(pruning.deaths[wheel1].why, Death::Why::carried);
    EXPECT_TRUE(pruning.alive(conda1));
}

TEST(Prune, AForcedKeyWithoutProvidersIsAContradiction) {
    Toy toy;
    const KeyId nothing = toy.problem.add_key({});
    toy.problem.jobs.push_back(nothing);
    const Pruning pruning = prune(toy.problem);
    EXPECT_TRUE(pruning.contradiction);
    EXPECT_EQ(pruning.empty_key, nothing);
}

}  // namespace
}  // namespace aimlock::engine
