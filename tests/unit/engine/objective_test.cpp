// Which of all answers is taken.
#include <gmock/gmock.h>

#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr std::int64_t year = 31'557'600'000;

ToyRelease release(const char* name,
                   const char* version,
                   std::vector<std::string> requires_dist,
                   std::int64_t published = 0) {
    ToyRelease made{name, version, std::move(requires_dist)};
    made.uploaded_ms = published * year / 10;
    return made;
}

class Objective : public ToySolve {
protected:
    std::vector<PreferredVersion> preferred;
    std::vector<std::string> raised;

    void SetUp() override { world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}}; }

    Solution solved(const std::vector<std::string>& conda, const std::vector<std::string>& pypi) {
        TargetRequest request = toy_request(conda, pypi);
        request.preferred = preferred;
        request.raised = raised;
        Solution solution = ToySolve::solved(request);
        EXPECT_TRUE(solution.stats.objective_complete);
        return solution;
    }
    std::vector<std::string> lines(const std::vector<std::string>& conda,
                                   const std::vector<std::string>& pypi) {
        return package_lines(solved(conda, pypi));
    }
    void keep(PackageKind kind, const char* name, const char* version, const char* build = "") {
        preferred.push_back({kind, name, version, build});
    }
};

// Without dates nothing is older than anything: the manifest's order decides.
TEST_F(Objective, OfTwoDirectRequirementsTheEarlierIsAsNewAsPossible) {
    world.releases = {release("a", "2.0", {}), release("a", "1.0", {}), release("b", "2.0", {"a<2"}),
                      release("b", "1.0", {})};
    EXPECT_THAT(lines({"python"}, {"a", "b"}), IsSupersetOf({"a 2.0 (PyPI)", "b 1.0 (PyPI)"}));
    EXPECT_THAT(lines({"python"}, {"b", "a"}), IsSupersetOf({"a 1.0 (PyPI)", "b 2.0 (PyPI)"}));
}

TEST_F(Objective, NoPackageCouldBeNewerWithoutAnotherGettingOlder) {
    // `old` and `new` are both fine for `app`; libsolv takes the wheel of the smaller name's choice first.
    world.releases = {release("app", "1.0", {"helper", "shared"}),
                      release("helper", "2.0", {"shared<2"}),
                      release("helper", "1.0", {"shared<2"}),
                      release("shared", "2.0", {}),
                      release("shared", "1.5", {}),
                      release("shared", "1.0", {})};
    EXPECT_THAT(lines({"python"}, {"app"}), IsSupersetOf({"helper 2.0 (PyPI)", "shared 1.5 (PyPI)"}));
}

TEST_F(Objective, OneTrialProvesThatNothingCanBeBetter) {
    for (int i = 0; i < 30; ++i) {
        const std::string name = "lib" + std::to_string(i);
        world.releases.push_back(release(name.c_str(), "2.0", {"core>=2"}, 200));
        world.releases.push_back(release(name.c_str(), "1.0", {"core<2"}, 190));
    }
    world.releases.push_back(release("core", "2.0", {}, 200));
    world.releases.push_back(release("core", "1.0", {}, 190));
    std::vector<std::string> pypi{"core<2"};
    for (int i = 0; i < 30; ++i) pypi.push_back("lib" + std::to_string(i));
    const Solution solution = solved({"python"}, pypi);
    EXPECT_THAT(package_lines(solution), Contains("lib7 1.0 (PyPI)"));
    EXPECT_LE(solution.stats.trials, 3U);  // dates, versions, everything else
}

TEST_F(Objective, ALateFixOfAnOldSeriesMakesNothingElseOld) {
    world.releases = {release("lib", "2.0", {}, 200), release("lib", "1.9.1", {}, 230)};
    EXPECT_THAT(lines({"python"}, {"lib"}), Contains("lib 2.0 (PyPI)"));
}

// A pre-release of the next series is newer than all final releases, and makes none of them new.
TEST_F(Objective, APrereleaseHidesNoFallBackByYears) {
    world.releases = {release("server", "1.0rc1", {}, 260),
                      release("server", "0.36", {}, 240),
                      release("server", "0.35", {}, 230),
                      release("framework", "0.200b1", {}, 260),
                      release("framework", "0.115", {"server>=0.37"}, 250),
                      release("framework", "0.109", {"server>=0.35,<0.36"}, 230),
                      release("framework", "0.1", {}, 190)};
    EXPECT_THAT(lines({"python"}, {"server<=0.36", "framework<=0.115"}),
                IsSupersetOf({"framework 0.109 (PyPI)", "server 0.35 (PyPI)"}));
}

// core and plugin cannot be together at their newest. Stepping plugin down would lead to its release of years
// ago, from before it bounded core; a step of core, the newer of the two, is enough.
TEST_F(Objective, OfTwoNewestReleasesThatDoNotFitTheNewerGivesWay) {
    world.releases = {release("core", "2.1", {}, 500), release("core", "2.0", {}, 499),
                      release("core", "1.9", {}, 480), release("plugin", "0.1", {}, 100)};
    for (int minor = 2; minor < 30; ++minor) {
        world.releases.push_back(release("plugin", "", {"core<2"}, 400 + minor));
        world.releases.back().version = "0." + std::to_string(minor);
    }
    const Solution found = solved({"python"}, {"core", "plugin"});
    EXPECT_THAT(package_lines(found), IsSupersetOf({"core 1.9 (PyPI)", "plugin 0.29 (PyPI)"}));
    EXPECT_EQ(found.stats.metadata_documents, 3U);  // core 2.1 and 1.9, plugin 0.29
}

// plugin 1.0 names a pre-release of core, which nothing else gets round. As it is there anyway, plugin 1.4,
// which is content with any core, may have it.
TEST_F(Objective, APrereleaseThatIsThereAnywayMayServeOthers) {
    world.releases = {release("core", "2.0a1", {}, 500),
                      release("core", "1.9", {"proto>=5"}, 480),
                      release("plugin", "1.4", {"core>=1.8"}, 470),
                      release("plugin", "1.0", {"core>=1.8b3"}, 460),
                      release("proto", "5.0", {}, 400),
                      release("proto", "4.0", {}, 300)};
    const Solution found = solved({"python"}, {"core", "plugin", "proto<5"});
    EXPECT_THAT(package_lines(found), IsSupersetOf({"core 2.0a1 (PyPI)", "plugin 1.4 (PyPI)"}));
    EXPECT_THAT(found.notes, Contains("core 2.0a1 is a pre-release"));
}

TEST_F(Objective, LowestIsTheOldestInTheManifestsOrder) {
    options.resolution = ResolutionMode::lowest;
    world.records.push_back({"tool", "1.0", {}});
    world.records.push_back({"tool", "2.0", {}});
    world.releases = {release("a", "2.0", {"c"}), release("a", "1.0", {"b>=2", "c"}),
                      release("b", "2.0", {}),    release("b", "1.0", {}),
                      release("c", "2.0", {}),    release("c", "1.0", {})};
    EXPECT_THAT(lines({"python", "tool"}, {"a", "b"}),
                IsSupersetOf({"a 1.0 (PyPI)", "b 2.0 (PyPI)", "c 1.0 (PyPI)", "tool 1.0 (conda)"}));
    EXPECT_THAT(lines({"python", "tool"}, {"b", "a"}), IsSupersetOf({"a 2.0 (PyPI)", "b 1.0 (PyPI)"}));
}

TEST_F(Objective, LowestDirectTakesTheRestAsNewAsPossible) {
    options.resolution = ResolutionMode::lowest_direct;
    world.records.push_back({"tool", "1.0", {"part"}});
    world.records.push_back({"tool", "2.0", {"part"}});
    world.records.push_back({"part", "1.0", {}});
    world.records.push_back({"part", "2.0", {}});
    world.releases = {release("a", "2.0", {"c"}), release("a", "1.0", {"c"}), release("c", "2.0", {}),
                      release("c", "1.0", {})};
    EXPECT_THAT(lines({"python", "tool"}, {"a"}),
                IsSupersetOf({"a 1.0 (PyPI)", "c 2.0 (PyPI)", "part 2.0 (conda)", "tool 1.0 (conda)"}));
}

// pandas 2.1.1 was published before numpy 2 was known to break it.
TEST_F(Objective, AnOlderReleaseHoldsToTheBoundsThatNewerOnesHave) {
    // Read for `other`, whose newer release asks for it, and known from then on.
    world.releases = {release("app", "1.0", {"array", "frame<=2.1.1"}),
                      release("frame", "2.1.4", {"array<2"}),
                      release("frame", "2.1.1", {"array"}),
                      release("other", "2.0", {"frame>=2.1.4"}),
                      release("other", "1.0", {}),
                      release("array", "2.5", {}),
                      release("array", "1.26", {})};
    const Solution solution = solved({"python"}, {"app", "other"});
    EXPECT_THAT(package_lines(solution), IsSupersetOf({"array 1.26 (PyPI)", "frame 2.1.1 (PyPI)"}));
    EXPECT_THAT(solution.notes, Not(Contains(HasSubstr("newer releases want"))));
    options.inherit_bounds = false;
    EXPECT_THAT(lines({"python"}, {"app", "other"}), Contains("array 2.5 (PyPI)"));
}

TEST_F(Objective, InheritedBoundsThatLeaveNoSolutionAreDroppedAndNamed) {
    world.releases = {release("frame", "2.1.4", {"array<2"}), release("frame", "2.1.1", {"array"}),
                      release("view", "5.0", {"array>=2"}), release("array", "2.5", {}),
                      release("array", "1.26", {})};
    const Solution solution = solved({"python"}, {"view", "frame"});
    EXPECT_THAT(package_lines(solution), Contains("frame 2.1.1 (PyPI)"));
    EXPECT_THAT(solution.notes, Contains("frame 2.1.1 with array 2.5: newer releases want array <2"));
}

TEST_F(Objective, WhatIsLockedStaysWhereItFits) {
    world.records.push_back({"tool", "1.0", {}, {}, "b0", 0});
    world.records.push_back({"tool", "1.0", {}, {}, "b1", 1});
    world.records.push_back({"tool", "2.0", {}, {}, "b0", 0});
    world.releases = {release("a", "2.0", {"c>=1"}, 230), release("a", "1.0", {"c"}, 200),
                      release("c", "2.0", {}, 230), release("c", "1.0", {}, 200)};
    keep(PackageKind::conda, "tool", "1.0", "b0");
    keep(PackageKind::pypi, "a", "1.0");
    keep(PackageKind::pypi, "c", "1.0");
    const Solution solution = solved({"python", "tool"}, {"a"});
    EXPECT_THAT(package_lines(solution), IsSupersetOf({"a 1.0 (PyPI)", "c 1.0 (PyPI)", "tool 1.0 (conda)"}));
    for (const Package& package : solution.packages) {
        if (package.name == "tool") {
            EXPECT_EQ(package.build, "b0");
        }
    }
    // What the requirement rules out moves, to the newest that leaves the rest alone.
    EXPECT_THAT(lines({"python", "tool"}, {"a>=2"}), IsSupersetOf({"a 2.0 (PyPI)", "c 1.0 (PyPI)"}));
}

TEST_F(Objective, ANewRequirementMovesNothingThatMayStay) {
    world.releases = {release("a", "2.0", {}), release("a", "1.0", {}), release("b", "3.0", {"a>=2"}),
                      release("b", "2.0", {"a"}), release("b", "1.0", {"a"})};
    keep(PackageKind::pypi, "a", "1.0");
    EXPECT_THAT(lines({"python"}, {"b", "a"}), IsSupersetOf({"a 1.0 (PyPI)", "b 2.0 (PyPI)"}));
}

TEST_F(Objective, OnlyWhatMustMoveMoves) {
    world.releases = {release("a", "2.0", {"x>=2"}), release("a", "1.0", {"x<2"}), release("x", "2.0", {"y"}),
                      release("x", "1.0", {"y"}),    release("y", "2.0", {}),      release("y", "1.0", {}),
                      release("z", "2.0", {"y>=2"}), release("z", "1.0", {})};
    for (const char* name : {"a", "x", "y", "z"}) keep(PackageKind::pypi, name, "1.0");
    EXPECT_THAT(lines({"python"}, {"z", "a>=2"}),
                IsSupersetOf({"a 2.0 (PyPI)", "x 2.0 (PyPI)", "y 1.0 (PyPI)", "z 1.0 (PyPI)"}));
}

TEST_F(Objective, UpdateMovesTheNamedAndAsLittleElseAsPossible) {
    world.releases = {release("a", "2.0", {"x>=2"}), release("a", "1.0", {"x"}), release("x", "3.0", {}),
                      release("x", "2.0", {}),       release("x", "1.0", {}),    release("z", "2.0", {}),
                      release("z", "1.0", {})};
    keep(PackageKind::pypi, "x", "1.0");
    keep(PackageKind::pypi, "z", "1.0");
    raised = {"a"};
    EXPECT_THAT(lines({"python"}, {"z", "a"}),
                IsSupersetOf({"a 2.0 (PyPI)", "x 3.0 (PyPI)", "z 1.0 (PyPI)"}));
}

TEST_F(Objective, UpdateRaisesWhereEverythingElseIsAsOldAsPossible) {
    world.records.push_back({"b", "1.0"});
    world.records.push_back({"b", "2.0"});
    world.releases = {release("a", "2.0", {}), release("a", "1.0", {}), release("z", "2.0", {}),
                      release("z", "1.0", {})};
    raised = {"b", "a"};
    options.resolution = ResolutionMode::lowest;
    EXPECT_THAT(lines({"python", "b"}, {"a", "z"}),
                IsSupersetOf({"b 2.0 (conda)", "a 2.0 (PyPI)", "z 1.0 (PyPI)"}));
}

TEST_F(Objective, APreferenceThatMeansNothingChangesNothing) {
    world.releases = {release("a", "2.0", {}), release("a", "1.0", {})};
    keep(PackageKind::pypi, "a", "7.0");
    keep(PackageKind::pypi, "gone", "1.0");
    keep(PackageKind::conda, "gone", "1.0");
    EXPECT_THAT(lines({"python"}, {"a"}), Contains("a 2.0 (PyPI)"));
}

}  // namespace
}  // namespace aimlock::testing
