// What a conda channel may say, and what it means in a joint solve.
#include <gmock/gmock.h>

#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class CondaSemantics : public ToySolve {
protected:
    ToyRecord& add(const std::string& name,
                   const std::string& version,
                   std::vector<std::string> depends = {},
                   std::vector<std::string> constrains = {}) {
        world.records.push_back({name, version, std::move(depends), std::move(constrains)});
        return world.records.back();
    }

    std::vector<std::string> lines(const std::vector<std::string>& conda,
                                   const std::vector<std::string>& pypi = {}) {
        return package_lines(solved(toy_request(conda, pypi)));
    }

    bool refused(const std::vector<std::string>& conda, const std::vector<std::string>& pypi = {}) {
        return std::holds_alternative<Conflict>(outcome(toy_request(conda, pypi)));
    }

    std::string origin_of(const std::vector<std::string>& conda, const std::string& name) {
        for (const Package& package : solved(toy_request(conda, {})).packages) {
            if (package.name == name) return package.origin + " " + package.version;
        }
        return {};
    }
};

class ChannelPriorities : public CondaSemantics {
protected:
    void SetUp() override {
        world.channel_names = {"first", "second"};
        add("lib", "1.0").channel = "first";
        add("lib", "2.0").channel = "second";
        add("app", "1.0", {"lib"}).channel = "second";
        add("needs-new", "1.0", {"lib >=2"}).channel = "second";
    }
};

TEST_F(ChannelPriorities, StrictTakesANameFromTheFirstChannelThatHasIt) {
    EXPECT_EQ(origin_of({"app"}, "lib"), "first 1.0");
    EXPECT_TRUE(refused({"needs-new"}));
}

TEST_F(ChannelPriorities, FlexiblePrefersTheFirstButTakesFromTheSecondWhereItMust) {
    options.channel_priority = ChannelPriority::flexible;
    EXPECT_EQ(origin_of({"app"}, "lib"), "first 1.0");
    EXPECT_EQ(origin_of({"needs-new"}, "lib"), "second 2.0");
}

TEST_F(ChannelPriorities, DisabledTakesTheNewestOfAllChannels) {
    options.channel_priority = ChannelPriority::disabled;
    EXPECT_EQ(origin_of({"app"}, "lib"), "second 2.0");
}

TEST_F(ChannelPriorities, DisabledTakesTheFirstChannelsOfEqualRecords) {
    options.channel_priority = ChannelPriority::disabled;
    add("same", "1.0").timestamp_ms = 7;
    world.records.back().channel = "second";
    add("same", "1.0").timestamp_ms = 7;
    world.records.back().channel = "first";
    EXPECT_EQ(origin_of({"same"}, "same"), "first 1.0");
}

TEST_F(ChannelPriorities, APinTakesOneNameFromItsChannelWhateverThePriority) {
    EXPECT_EQ(origin_of({"second::lib", "app"}, "lib"), "second 2.0");
    EXPECT_EQ(origin_of({"lib[channel=second]"}, "lib"), "second 2.0");
    EXPECT_EQ(origin_of({"https://channel.example/second::lib"}, "lib"), "second 2.0");
    EXPECT_TRUE(refused({"second::lib <2"}));
}

TEST_F(ChannelPriorities, APinnedProviderServesWheelsToo) {
    world.records.push_back({"python", "3.12.13", {}, {}, "h1_0_cpython", 0, "first"});
    world.releases = {{"wheel-app", "1.0", {"lib>=2"}}, {"lib", "2.5"}};
    EXPECT_TRUE(refused({"python", "first::lib"}, {"wheel-app"}));
    EXPECT_THAT(lines({"python", "second::lib"}, {"wheel-app"}), Contains("lib 2.0 (conda)"));
}

TEST_F(CondaSemantics, RecordsOfAnotherPlatformDoNotExist) {
    add("lib", "2.0").subdir = "win-64";
    add("lib", "1.0");
    EXPECT_THAT(lines({"lib"}), ElementsAre("lib 1.0 (conda)"));
    TargetRequest request = toy_request({"lib"}, {});
    request.target.platform = "win-64";
    EXPECT_THAT(package_lines(solved(request)), ElementsAre("lib 2.0 (conda)"));
}

TEST_F(CondaSemantics, NoarchAndPlatformRecordsAreRankedAlike) {
    add("lib", "2.0").subdir = "noarch";
    add("lib", "1.0");
    add("tool", "1.0").subdir = "noarch";
    add("tool", "2.0");
    EXPECT_THAT(lines({"lib", "tool"}), ElementsAre("lib 2.0 (conda)", "tool 2.0 (conda)"));
}

TEST_F(CondaSemantics, TrackFeaturesComeAfterEveryRecordWithoutThem) {
    add("blas", "1.0");
    add("blas", "2.0").track_features = "mkl";
    add("user", "1.0", {"blas"});
    EXPECT_THAT(lines({"user"}), Contains("blas 1.0 (conda)"));
    EXPECT_THAT(lines({"user", "blas >=2"}), Contains("blas 2.0 (conda)"));
}

TEST_F(CondaSemantics, BuildNumberDecidesBeforeTimestamp) {
    add("lib", "1.0").build = "old_2";
    world.records.back().build_number = 2;
    add("lib", "1.0").build = "late_1";
    world.records.back().build_number = 1;
    EXPECT_EQ(solved(toy_request({"lib"}, {})).packages.front().build, "old_2");
}

TEST_F(CondaSemantics, OfBuildsThatNothingElseTellsApartTheOneForTheNewerPythonIsTaken) {
    world.records = {{"python", "3.13.9", {}, {}, "h1_0_cp313"}, {"python", "3.14.7", {}, {}, "h1_0_cp314"}};
    add("numpy", "2.5.2", {"python >=3.14,<3.15.0a0"}).build = "py314_0";
    add("numpy", "2.5.2", {"python >=3.13,<3.14.0a0"}).build = "py313_0";  // built last
    EXPECT_THAT(lines({"numpy"}), Contains("python 3.14.7 (conda)"));
}

TEST_F(CondaSemantics, ConstrainsBoundWhatIsThereAndAskForNothing) {
    add("app", "1.0", {}, {"lib <2"});
    add("lib", "1.0");
    add("lib", "2.0");
    EXPECT_THAT(lines({"app"}), ElementsAre("app 1.0 (conda)"));
    EXPECT_THAT(lines({"app", "lib"}), ElementsAre("app 1.0 (conda)", "lib 1.0 (conda)"));
    EXPECT_TRUE(refused({"app", "lib >=2"}));
}

TEST_F(CondaSemantics, ConstrainsReachTheDistributionThatAWheelAsksFor) {
    world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython"}};
    add("app", "1.0", {}, {"lib <2"});
    add("user", "1.0", {"lib"});
    add("lib", "1.0");
    add("lib", "2.0");
    world.releases = {{"wheel", "2.0", {"lib>=2"}}, {"wheel", "1.0", {"lib"}}, {"lib", "2.0"}};
    EXPECT_THAT(lines({"python", "app", "user"}, {"wheel"}), Contains("wheel 1.0 (PyPI)"));
    // conda's bound is on conda's lib: where nothing in conda needs one, the wheel's is another matter.
    EXPECT_THAT(lines({"python", "app"}, {"wheel"}), Contains("lib 2.0 (PyPI)"));
}

TEST_F(CondaSemantics, APackageUrlSaysWhichDistributionARecordCarriesAndAtWhichVersion) {
    world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython"}};
    add("torch-cpu", "2.1_cpu").purls = {"pkg:pypi/torch@2.1.0"};
    world.releases = {{"wheel", "1.0", {"torch>=2.1"}}, {"torch", "2.5"}};
    EXPECT_THAT(lines({"python", "torch-cpu"}, {"wheel"}), Not(Contains("torch 2.5 (PyPI)")));
}

TEST_F(CondaSemantics, AConditionalDependencyCountsWhereItsConditionIsMet) {
    world.records = {{"python", "3.10.1", {}, {}, "h1_0_cpython"},
                     {"python", "3.12.13", {}, {}, "h1_0_cpython"}};
    add("app", "1.0", {"python", "tomli[when='python <3.11']"});
    add("tomli", "1.0");
    EXPECT_THAT(lines({"app"}), ElementsAre("app 1.0 (conda)", "python 3.12.13 (conda)"));
    EXPECT_THAT(lines({"python <3.11", "app"}), Contains("tomli 1.0 (conda)"));
}

TEST_F(CondaSemantics, AConditionMayBeWrittenAfterASemicolon) {
    world.records = {{"python", "3.10.1", {}, {}, "h1_0_cpython"}};
    add("app", "1.0", {"python", "tomli; if python <3.11"});
    add("tomli", "1.0");
    EXPECT_THAT(lines({"app"}), Contains("tomli 1.0 (conda)"));
}

TEST_F(CondaSemantics, ConditionsLookAtVirtualPackages) {
    add("app", "1.0", {"gpu-part[when=__cuda]", "win-part[when='__win or __osx']", "nix-part[when=__unix]"});
    add("gpu-part", "1.0");
    add("win-part", "1.0");
    add("nix-part", "1.0");
    EXPECT_THAT(lines({"app"}), ElementsAre("app 1.0 (conda)", "nix-part 1.0 (conda)"));
    TargetRequest request = toy_request({"app"}, {});
    request.target.cuda = "12.4";
    EXPECT_THAT(package_lines(solved(request)), Contains("gpu-part 1.0 (conda)"));
}

TEST_F(CondaSemantics, AndBindsTighterThanOrInConditions) {
    add("a", "1.0");
    add("b", "1.0");
    add("c", "1.0");
    add("part", "1.0");
    add("app", "1.0", {"part[when='a or b and c']"});
    EXPECT_THAT(lines({"app", "a"}), Contains("part 1.0 (conda)"));
    EXPECT_THAT(lines({"app", "b"}), Not(Contains("part 1.0 (conda)")));
    EXPECT_THAT(lines({"app", "b", "c"}), Contains("part 1.0 (conda)"));
    EXPECT_THAT(lines({"app", "c"}), Not(Contains("part 1.0 (conda)")));
}

TEST_F(CondaSemantics, AConditionThatCannotBeServedForbidsWhatWouldMeetIt) {
    add("trigger", "1.0");
    add("trigger", "2.0");
    add("app", "1.0", {"trigger", "missing[when='trigger >=2']"});
    EXPECT_THAT(lines({"app"}), ElementsAre("app 1.0 (conda)", "trigger 1.0 (conda)"));
    EXPECT_TRUE(refused({"app", "trigger >=2"}));
}

TEST_F(CondaSemantics, ConditionalUsersLetCondaProvideADistribution) {
    world.records = {{"python", "3.10.1", {}, {}, "h1_0_cpython"}};
    add("app", "1.0", {"python", "tomli[when='python <3.11']"});
    add("tomli", "1.0", {"python"});
    world.releases = {{"wheel", "1.0", {"tomli"}}, {"tomli", "9.0"}};
    EXPECT_THAT(lines({"app"}, {"wheel"}), Contains("tomli 1.0 (conda)"));
    EXPECT_THAT(lines({"app"}, {"wheel"}), Not(Contains("tomli 9.0 (PyPI)")));
}

TEST_F(CondaSemantics, ExtrasBringTheirDependenciesAndUnknownOnesNothing) {
    add("app", "1.0", {"base"}).extra_depends = {"fast", "speed >=2", "all", "app[extras=[fast]]",
                                                 "all",  "doc"};
    add("base", "1.0");
    add("speed", "1.0");
    add("speed", "2.0");
    add("doc", "1.0");
    EXPECT_THAT(lines({"app"}), ElementsAre("app 1.0 (conda)", "base 1.0 (conda)"));
    EXPECT_THAT(lines({"app[extras=[fast]]"}), Contains("speed 2.0 (conda)"));
    EXPECT_THAT(lines({"app[extras=[all]]"}),
                ElementsAre("app 1.0 (conda)", "base 1.0 (conda)", "doc 1.0 (conda)", "speed 2.0 (conda)"));
    EXPECT_THAT(lines({"app[extras=[nothing]]"}), ElementsAre("app 1.0 (conda)", "base 1.0 (conda)"));
}

TEST_F(CondaSemantics, AnExtraThatCannotBeServedMovesTheVersion) {
    add("app", "2.0").extra_depends = {"fast", "missing"};
    add("app", "1.0").extra_depends = {"fast", "speed"};
    add("speed", "1.0");
    add("user", "1.0", {"app[extras=[fast]]"});
    EXPECT_THAT(lines({"app"}), ElementsAre("app 2.0 (conda)"));
    EXPECT_THAT(lines({"user"}), ElementsAre("app 1.0 (conda)", "speed 1.0 (conda)", "user 1.0 (conda)"));
}

TEST_F(CondaSemantics, EveryFlagThatIsAskedForMustBeThere) {
    add("blas", "2.0").flags = "cpu blas:openblas";
    add("blas", "1.0").flags = "gpu blas:mkl";
    EXPECT_THAT(lines({"blas"}), ElementsAre("blas 2.0 (conda)"));
    EXPECT_THAT(lines({"blas[flags=[gpu]]"}), ElementsAre("blas 1.0 (conda)"));
    EXPECT_THAT(lines({"blas[flags=[gpu, 'blas:*']]"}), ElementsAre("blas 1.0 (conda)"));
    EXPECT_TRUE(refused({"blas[flags=[gpu, 'blas:openblas']]"}));
}

TEST_F(CondaSemantics, WhatIsNewerThanTheCutOffDoesNotExist) {
    add("lib", "1.0").timestamp_ms = 10;
    add("lib", "2.0").timestamp_ms = 20;
    options.exclude_newer_ms = 20;
    EXPECT_THAT(lines({"lib"}), ElementsAre("lib 1.0 (conda)"));
}

}  // namespace
}  // namespace aimlock::testing
