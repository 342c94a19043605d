#include <gmock/gmock.h>

#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class JointSolve : public ToySolve {
protected:
    void SetUp() override {
        world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0},
                         {"python", "3.13.9", {}, {}, "h1_0_cp313", 0}};
    }

    [[nodiscard]] std::vector<Channel> channels_for(const TargetRequest& request) const override {
        return request.conda.empty() ? std::vector<Channel>{} : world.channels();
    }

    std::vector<std::string> lines(const std::vector<std::string>& conda,
                                   const std::vector<std::string>& pypi) {
        return package_lines(solved(toy_request(conda, pypi)));
    }
};

TEST_F(JointSolve, AWheelsBoundDecidesTheVersionThatCondaInstalls) {
    world.records.push_back({"numpy", "1.26.4", {"python"}});
    world.records.push_back({"numpy", "2.4.1", {"python"}});
    world.records.push_back({"pandas", "3.0.5", {"numpy >=1.26", "python"}});
    world.releases = {{"thinc", "8.2.5", {"numpy<2.0.0,>=1.19.0"}}};
    EXPECT_THAT(lines({"python 3.12.*", "pandas", "numpy"}, {"thinc==8.2.5"}),
                ElementsAre("numpy 1.26.4 (conda)", "pandas 3.0.5 (conda)", "python 3.12.13 (conda)",
                            "thinc 8.2.5 (PyPI)"));
}

TEST_F(JointSolve, ADistributionThatOnlyPypiAsksForComesFromPypi) {
    world.records.push_back({"numpy", "2.4.1", {"python"}});
    world.releases = {{"thinc", "8.2.5", {"numpy>=1.19"}}, {"numpy", "2.4.0", {}}};
    EXPECT_THAT(lines({"python 3.12.*"}, {"thinc"}), Contains("numpy 2.4.0 (PyPI)"));
}

TEST_F(JointSolve, CondaIsTheProviderOnceCondaNeedsTheDistribution) {
    world.records.push_back({"numpy", "2.4.1", {"python"}});
    world.records.push_back({"pandas", "3.0.5", {"numpy"}});
    world.releases = {{"thinc", "8.2.5", {"numpy>=1.19"}}, {"numpy", "2.4.9", {}}};
    EXPECT_THAT(lines({"python 3.12.*", "pandas"}, {"thinc"}), Contains("numpy 2.4.1 (conda)"));
    EXPECT_THAT(lines({"python 3.12.*", "pandas"}, {"thinc"}), Not(Contains("numpy 2.4.9 (PyPI)")));
}

TEST_F(JointSolve, APlatformWheelDecidesThePython) {
    ToyRelease spacy{"spacy", "3.7.5", {}};
    spacy.tags = {"cp312-cp312-manylinux_2_17_x86_64"};
    world.releases = {spacy};
    EXPECT_THAT(lines({"python >=3.11"}, {"spacy<3.8"}),
                ElementsAre("python 3.12.13 (conda)", "spacy 3.7.5 (PyPI)"));
}

TEST_F(JointSolve, AGlibcNewerThanTheTargetsRefusesTheWheel) {
    ToyRelease new_one{"duckdb", "2.0", {}};
    new_one.tags = {"cp312-cp312-manylinux_2_39_x86_64"};
    ToyRelease old_one{"duckdb", "1.0", {}};
    old_one.tags = {"cp312-cp312-manylinux_2_28_x86_64"};
    world.releases = {new_one, old_one};
    EXPECT_THAT(lines({"python 3.12.*"}, {"duckdb"}), Contains("duckdb 1.0 (PyPI)"));
}

TEST_F(JointSolve, ExtrasBringTheirRequirementsAndMayNestAndNameThemselves) {
    world.releases = {
        {"app", "1.0", {"base", "app[fast]; extra == 'all'", "speed>=2; extra == 'fast'"}, {"all", "fast"}},
        {"base", "1.0", {}},
        {"speed", "1.0", {}},
        {"speed", "2.0", {}}};
    EXPECT_THAT(
        lines({"python 3.12.*"}, {"app[all]"}),
        ElementsAre("app 1.0 (PyPI)", "base 1.0 (PyPI)", "python 3.12.13 (conda)", "speed 2.0 (PyPI)"));
    EXPECT_THAT(lines({"python 3.12.*"}, {"app"}), Not(Contains("speed 2.0 (PyPI)")));
}

TEST_F(JointSolve, MarkersHoldForThePythonThatIsChosen) {
    world.releases = {{"app", "1.0", {"old; python_version < '3.13'", "win; sys_platform == 'win32'"}},
                      {"old", "1.0", {}}};
    EXPECT_THAT(lines({"python 3.12.*"}, {"app"}), Contains("old 1.0 (PyPI)"));
    EXPECT_THAT(lines({"python 3.13.*"}, {"app"}), ElementsAre("app 1.0 (PyPI)", "python 3.13.9 (conda)"));
}

TEST_F(JointSolve, YankedReleasesAreForExactPinsOnly) {
    ToyRelease yanked{"lib", "2.0", {}};
    yanked.yanked = true;
    world.releases = {yanked, {"lib", "1.0", {}}};
    EXPECT_THAT(lines({"python 3.12.*"}, {"lib"}), Contains("lib 1.0 (PyPI)"));
    EXPECT_THAT(lines({"python 3.12.*"}, {"lib==2.0"}), Contains("lib 2.0 (PyPI)"));
}

TEST_F(JointSolve, PrereleasesAreTheLastResortAndAreNamed) {
    world.releases = {{"core", "2.0a4", {}}, {"core", "1.0", {"missing"}}};
    const Solution solution = solved(toy_request({"python 3.12.*"}, {"core"}));
    EXPECT_THAT(package_lines(solution), Contains("core 2.0a4 (PyPI)"));
    EXPECT_THAT(solution.notes, Contains("core 2.0a4 is a pre-release"));
    options.prerelease = PrereleaseMode::disallow;
    EXPECT_TRUE(std::holds_alternative<Conflict>(outcome(toy_request({"python 3.12.*"}, {"core"}))));
}

TEST_F(JointSolve, ConstrainsOfVirtualPackagesBind) {
    world.records.push_back({"cuda-version", "13.0", {}, {"__cuda >=13"}});
    world.records.push_back({"cuda-version", "12.9", {}, {"__cuda >=12"}});
    TargetRequest request = toy_request({"cuda-version"}, {});
    request.target.cuda = "12.4";
    EXPECT_THAT(package_lines(solved(request)), ElementsAre("cuda-version 12.9 (conda)"));
    request.target.cuda = std::nullopt;  // conda's meaning: what is not there constrains nothing
    EXPECT_THAT(package_lines(solved(request)), ElementsAre("cuda-version 13.0 (conda)"));
}

TEST_F(JointSolve, ConstraintsBoundBothWorldsAndAskForNothing) {
    world.records.push_back({"numpy", "1.26.4", {}});
    world.records.push_back({"numpy", "2.4.1", {}});
    world.releases = {{"lib", "2.0", {}}, {"lib", "1.0", {}}, {"unused", "1.0", {}}};
    TargetRequest request = toy_request({"python 3.12.*", "numpy"}, {"lib"});
    request.pypi_constraints = toy_request({}, {"lib<2", "numpy<2", "unused<9"}).pypi;
    EXPECT_THAT(package_lines(solved(request)),
                ElementsAre("lib 1.0 (PyPI)", "numpy 1.26.4 (conda)", "python 3.12.13 (conda)"));
    request.pypi_constraints.clear();
    request.conda_constraints = toy_request({"numpy <2"}, {}).conda;
    EXPECT_THAT(package_lines(solved(request)), Contains("numpy 1.26.4 (conda)"));
}

TEST_F(JointSolve, TheBaseImagesPythonServesWhereCondaInstallsNone) {
    world.releases = {{"app", "1.0", {"old; python_version < '3.13'"}}, {"old", "1.0", {}}};
    TargetRequest request = toy_request({}, {"app"});
    request.target.python = "3.12";
    const Solution solution = solved(request);
    EXPECT_THAT(package_lines(solution), ElementsAre("app 1.0 (PyPI)", "old 1.0 (PyPI)"));
    EXPECT_EQ(solution.python_version.substr(0, 5), "3.12.");
}

TEST_F(JointSolve, PypiPackagesWithoutAnyPythonCannotBeAsked) {
    SilentProgress progress;
    const auto result = solve_target(toy_request({}, {"app"}), options, {}, names, world, progress);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::target);
}

TEST_F(JointSolve, ResolutionLowestTakesTheOldest) {
    world.releases = {{"lib", "2.0", {}}, {"lib", "1.5", {}}, {"lib", "1.0", {}}};
    options.resolution = ResolutionMode::lowest;
    EXPECT_THAT(lines({"python 3.12.*"}, {"lib>=1.5"}), Contains("lib 1.5 (PyPI)"));
    options.resolution = ResolutionMode::lowest_direct;
    EXPECT_THAT(lines({"python 3.12.*"}, {"lib>=1.5"}), Contains("lib 1.5 (PyPI)"));
}

// Releases from before a bound was known look compatible with everything: the newest server and a framework
// of years ago.
TEST_F(JointSolve, NoDirectRequirementFallsBackByYearsForAnothers) {
    const auto release = [](const char* name, const char* version, std::vector<std::string> requires_dist,
                            std::int64_t year) {
        ToyRelease made{name, version, std::move(requires_dist)};
        made.uploaded_ms = year;
        return made;
    };
    world.releases = {release("server", "0.36", {}, 2024),
                      release("server", "0.35", {}, 2023),
                      release("server", "0.20", {}, 2022),
                      release("framework", "0.115", {"server>=0.37"}, 2025),
                      release("framework", "0.109", {"server>=0.35,<0.36"}, 2023),
                      release("framework", "0.1", {}, 2019)};
    EXPECT_THAT(lines({"python 3.12.*"}, {"server<=0.36", "framework<=0.115"}),
                ElementsAre("framework 0.109 (PyPI)", "python 3.12.13 (conda)", "server 0.35 (PyPI)"));
}

TEST_F(JointSolve, AGuessThatCannotBeReadIsNoFailureUntilItIsChosen) {
    ToyRelease out_of_reach{"shared", "2.0"};
    out_of_reach.unreadable = true;
    world.releases = {
        {"a", "1.0", {"shared<3"}}, {"b", "1.0", {"shared<2"}}, out_of_reach, {"shared", "1.0"}};
    EXPECT_THAT(lines({"python 3.12.*"}, {"a", "b"}), Contains("shared 1.0 (PyPI)"));
    SilentProgress progress;
    world.reset();
    const auto result = solve_target(toy_request({"python 3.12.*"}, {"a"}), options, world.channels(), names,
                                     world, progress);
    EXPECT_FALSE(result.has_value());
}

TEST_F(JointSolve, TheWalkAheadPassesByWhatAsksForSomethingThatIsNotThere) {
    world.releases = {{"app", "3.0", {"part==3.0"}},
                      {"app", "2.0", {"part==2.0"}},
                      {"app", "1.0", {"part==1.0"}},
                      {"part", "2.0", {"deep>=9"}},
                      {"part", "1.0", {"deep[fast]"}},
                      {"deep", "1.0", {"base; extra == 'fast'"}, {"fast"}},
                      {"base", "1.0", {}}};
    const Solution solution = solved(toy_request({"python 3.12.*"}, {"app"}));
    EXPECT_THAT(package_lines(solution), Contains("base 1.0 (PyPI)"));
    EXPECT_EQ(solution.stats.rounds, 1U);  // all that the answer needs was asked for before the first solve
}

TEST_F(JointSolve, TheOrderOfRepliesDoesNotMatter) {
    for (int i = 1; i <= 40; ++i) {
        const std::string version = std::to_string(i) + ".0";
        world.releases.push_back({"web", version, {i > 5 ? "server<20" : "server<90", "tool"}});
        world.releases.push_back({"server", version, {i > 15 ? "web>" + std::to_string(i) : "tool>=2"}});
        world.releases.push_back({"tool", version, {"extra-" + std::to_string(i % 3)}});
    }
    for (int i = 0; i < 3; ++i) world.releases.push_back({"extra-" + std::to_string(i), "1.0", {}});
    const TargetRequest request = toy_request({"python 3.12.*"}, {"web", "server"});
    const std::vector<std::string> first = package_lines(solved(request));
    for (unsigned seed = 1; seed < 20; ++seed) {
        world.order_seed = seed * 7919;
        EXPECT_EQ(package_lines(solved(request)), first) << "seed " << seed;
    }
}

}  // namespace
}  // namespace aimlock::testing
