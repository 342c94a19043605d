// What is not a wheel of an index: source distributions, and addresses.
#include <gmock/gmock.h>

#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Sources : public ToySolve {
protected:
    void SetUp() override { world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}}; }

    void allow(const std::vector<std::string>& projects) {
        options.sources.allowed = projects;
        world.may_build = options.sources;
    }
    /// A release that has nothing but a source distribution.
    static ToyRelease source(const std::string& name,
                             const std::string& version,
                             std::vector<std::string> build_requires = {}) {
        ToyRelease release{name, version};
        release.tags = {};
        release.build_requires = std::move(build_requires);
        return release;
    }
    static ToyRelease at(const std::string& address, const std::string& name, const std::string& version) {
        ToyRelease release{name, version};
        release.address = address;
        return release;
    }
    Conflict conflict(const TargetRequest& request) {
        const Outcome found = outcome(request);
        EXPECT_TRUE(std::holds_alternative<Conflict>(found));
        return std::holds_alternative<Conflict>(found) ? std::get<Conflict>(found) : Conflict{};
    }
    static const Package& package(const Solution& solution, const std::string& name) {
        static const Package none;
        for (const Package& one : solution.packages) {
            if (one.name == name) return one;
        }
        ADD_FAILURE() << name << " is not there";
        return none;
    }
};

constexpr const char* wheel_a = "https://a.example/lib-2.0-py3-none-any.whl";
constexpr const char* wheel_b = "https://b.example/lib-2.0-py3-none-any.whl";

TEST_F(Sources, AreNoCandidatesWhereNobodyAllowsThem) {
    world.releases = {source("lib", "2.0"), {"lib", "1.0"}};
    EXPECT_THAT(package_lines(solved(toy_request({"python"}, {"lib"}))), Contains("lib 1.0 (PyPI)"));
    EXPECT_EQ(package(solved(toy_request({"python"}, {"lib"})), "lib").artifact, ArtifactKind::wheel);
}

TEST_F(Sources, BringWhatBuildingThemNeedsIntoTheEnvironment) {
    world.releases = {source("lib", "2.0", {"setuptools>=60", "numpy<2"}),
                      {"lib", "1.0"},
                      {"setuptools", "80.0"},
                      {"numpy", "2.1"},
                      {"numpy", "1.26"}};
    allow({"lib"});
    const Solution found = solved(toy_request({"python"}, {"lib", "numpy"}));
    EXPECT_THAT(package_lines(found), ElementsAre("lib 2.0 (PyPI)", "numpy 1.26 (PyPI)",
                                                  "python 3.12.13 (conda)", "setuptools 80.0 (PyPI)"));
    const Package& lib = package(found, "lib");
    EXPECT_EQ(lib.artifact, ArtifactKind::sdist);
    EXPECT_THAT(lib.depends, IsEmpty());
    EXPECT_THAT(lib.build_requires, ElementsAre("setuptools>=60", "numpy<2"));
    EXPECT_THAT(found.notes, Contains(HasSubstr("lib 2.0 is built from source")));
}

TEST_F(Sources, StandBehindTheWheelOfTheSameVersion) {
    ToyRelease both{"lib", "2.0"};
    both.has_sdist = true;
    both.build_requires = {"absent"};
    world.releases = {both};
    allow({"lib"});
    EXPECT_EQ(package(solved(toy_request({"python"}, {"lib"})), "lib").artifact, ArtifactKind::wheel);
    // The wheel is for another platform: its sources stand in, and what they need counts.
    world.releases[0].tags = {"cp312-cp312-win_amd64"};
    world.releases[0].build_requires = {"maker"};
    world.releases.push_back({"maker", "1.0"});
    const Solution found = solved(toy_request({"python"}, {"lib"}));
    EXPECT_EQ(package(found, "lib").artifact, ArtifactKind::sdist);
    EXPECT_THAT(package_lines(found), Contains("maker 1.0 (PyPI)"));
}

TEST_F(Sources, AreTakenInThePlaceOfWheelsWhereThatIsAsked) {
    ToyRelease both{"lib", "2.0"};
    both.has_sdist = true;
    world.releases = {both};
    options.sources.sources_only = {"lib"};
    world.may_build = options.sources;
    EXPECT_EQ(package(solved(toy_request({"python"}, {"lib"})), "lib").artifact, ArtifactKind::sdist);
}

TEST_F(Sources, OfWhichNothingCertainIsKnownAreNeverChosen) {
    world.releases = {source("lib", "2.0"), {"lib", "1.0"}};
    world.releases[0].not_static = "`Dynamic` names Requires-Dist";
    allow({"lib"});
    EXPECT_THAT(package_lines(solved(toy_request({"python"}, {"lib"}))), Contains("lib 1.0 (PyPI)"));
    EXPECT_THAT(conflict(toy_request({"python"}, {"lib>=2"})).explanation(),
                HasSubstr("the sources of lib 2.0 cannot be used: `Dynamic` names Requires-Dist"));
}

TEST_F(Sources, ARefusalOffersToBuildThem) {
    world.releases = {{"app", "1.0", {"lib"}}, source("lib", "2.0", {"maker"}), {"maker", "1.0"}};
    const Conflict found = conflict(toy_request({"python"}, {"app"}));
    EXPECT_THAT(found.explanation(), HasSubstr("are source distributions (sdist)"));
    ASSERT_FALSE(found.repairs.empty());
    EXPECT_EQ(found.repairs[0].change, "option: build from source: allow-sdist = [\"lib\"]");
    EXPECT_TRUE(found.repairs[0].verified);
}

TEST_F(Sources, ARefusalOffersToBuildEverythingWhereOneNameIsNotEnough) {
    world.releases = {source("lib", "2.0", {"maker"}), source("maker", "1.0")};
    const Conflict found = conflict(toy_request({"python"}, {"lib"}));
    ASSERT_FALSE(found.repairs.empty());
    EXPECT_EQ(found.repairs[0].change, "option: build from source: no-build = false");
}

TEST_F(Sources, ARefusalOffersNoBuildThatDoesNotHelp) {
    world.releases = {source("lib", "2.0", {"absent"})};
    for (const Repair& repair : conflict(toy_request({"python"}, {"lib"})).repairs)
        EXPECT_THAT(repair.change, Not(HasSubstr("from source")));
}

TEST_F(Sources, AnAddressIsTheOnlyReleaseOfItsProject) {
    world.releases = {at(wheel_a, "lib", "2.0"), {"app", "1.0", {"lib>=1"}}};
    const Solution found = solved(toy_request({"python"}, {std::string("lib @ ") + wheel_a, "app"}));
    EXPECT_THAT(package_lines(found),
                ElementsAre("app 1.0 (PyPI)", "lib 2.0 (PyPI)", "python 3.12.13 (conda)"));
    EXPECT_TRUE(package(found, "lib").direct);
    EXPECT_THAT(conflict(toy_request({"python"}, {std::string("lib @ ") + wheel_a, "lib<2"})).explanation(),
                HasSubstr("lib <2"));
}

TEST_F(Sources, APreReleaseAtAnAddressIsMeant) {
    const std::string address = "https://a.example/lib-2.0rc1-py3-none-any.whl";
    world.releases = {at(address, "lib", "2.0rc1"), {"app", "1.0", {"lib"}}};
    options.prerelease = PrereleaseMode::disallow;
    EXPECT_THAT(package_lines(solved(toy_request({"python"}, {"lib @ " + address, "app"}))),
                Contains("lib 2.0rc1 (PyPI)"));
}

TEST_F(Sources, TwoAddressesOfOneProjectAreAConflictInWords) {
    world.releases = {at(wheel_a, "lib", "2.0")};
    const Conflict found =
        conflict(toy_request({"python"}, {std::string("lib @ ") + wheel_a, std::string("lib @ ") + wheel_b}));
    EXPECT_THAT(found.explanation(), HasSubstr(std::string("`lib` is asked for from two addresses, ") +
                                               wheel_a + " and " + wheel_b));
}

TEST_F(Sources, APackageMayNotBringAnAddressOfItsOwn) {
    world.releases = {{"app", "1.0", {std::string("lib @ ") + wheel_a}}, at(wheel_a, "lib", "2.0")};
    EXPECT_THAT(conflict(toy_request({"python"}, {"app"})).explanation(),
                HasSubstr("only the manifest may say that a package comes from an address"));
    EXPECT_THAT(package_lines(solved(toy_request({"python"}, {"app", std::string("lib @ ") + wheel_a}))),
                Contains("lib 2.0 (PyPI)"));
}

TEST_F(Sources, CondasRecordDoesNotStandInForAnAddress) {
    world.records.push_back({"lib", "2.0"});
    world.records.push_back({"tool", "1.0", {"lib"}});
    world.releases = {at(wheel_a, "lib", "2.0")};
    EXPECT_THAT(package_lines(solved(toy_request({"python"}, {std::string("lib @ ") + wheel_a}))),
                Contains("lib 2.0 (PyPI)"));
    conflict(toy_request({"python", "tool"}, {std::string("lib @ ") + wheel_a}));
}

}  // namespace
}  // namespace aimlock::testing
