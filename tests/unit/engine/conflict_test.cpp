#include <gmock/gmock.h>

#include "tests/support/golden.hpp"
#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Refusal : public ToySolve {
protected:
    void SetUp() override { world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}}; }

    Conflict conflict(const TargetRequest& request) {
        const Outcome found = outcome(request);
        EXPECT_TRUE(std::holds_alternative<Conflict>(found));
        return std::get<Conflict>(found);
    }
};

std::string as_text(const Conflict& conflict) {
    std::string text;
    for (const std::string& requirement : conflict.requirements) text += "requirement: " + requirement + "\n";
    text += conflict.explanation() + "\n";
    for (const Repair& repair : conflict.repairs) {
        text += std::string(repair.verified ? "tried: " : "not tried: ") + repair.change + "\n";
    }
    return text;
}

TEST_F(Refusal, NamesRequirementsOfBothWorldsAndARepairThatSolves) {
    world.records.push_back({"numpy", "1.26.4", {}});
    world.records.push_back({"numpy", "2.4.1", {}});
    world.records.push_back({"pandas", "3.0.5", {"numpy"}});
    world.releases = {{"thinc", "8.2.5", {"numpy<2.0.0,>=1.19.0"}},
                      {"thinc", "9.1.1", {"numpy>=2"}},
                      {"numpy", "1.26.4", {}}};
    const Conflict found = conflict(toy_request({"python 3.12.*", "pandas", "numpy >=2"}, {"thinc==8.2.5"}));
    EXPECT_THAT(found.requirements, ElementsAre("conda: numpy >=2", "pypi: thinc==8.2.5"));
    expect_golden("conflict/two_worlds.txt", as_text(found));
}

TEST_F(Refusal, NamesTheDriverThatIsNotThere) {
    world.records.push_back({"pytorch", "2.10.0", {"__cuda", "python"}});
    world.records.push_back({"pytorch-gpu", "2.10.0", {"pytorch 2.10.0"}});
    const Conflict found = conflict(toy_request({"pytorch-gpu"}, {}));
    EXPECT_THAT(found.explanation(), HasSubstr("__cuda"));
    expect_golden("conflict/no_driver.txt", as_text(found));
}

TEST_F(Refusal, NamesTheDriverThatIsTooOldForAWheel) {
    world.releases = {{"torch", "2.15.0", {"nvidia-cuda-runtime==13.0.96"}},
                      {"nvidia-cuda-runtime", "13.0.96", {}}};
    TargetRequest request = toy_request({"python"}, {"torch==2.15.0"});
    request.target.cuda = "12.2";
    expect_golden("conflict/driver_too_old.txt", as_text(conflict(request)));
}

TEST_F(Refusal, ReportsANameThatNoChannelHasWithTheNearest) {
    world.records.push_back({"pytorch-gpu", "2.10.0", {}});
    expect_golden("conflict/no_such_name.txt", as_text(conflict(toy_request({"pytroch-gpu"}, {}))));
}

TEST_F(Refusal, KeepsOnlyWhatTheContradictionNeeds) {
    for (int i = 0; i < 12; ++i) world.releases.push_back({"lib" + std::to_string(i), "1.0", {}});
    world.releases.push_back({"x", "1.0", {"shared<2"}});
    world.releases.push_back({"y", "1.0", {"shared>=2"}});
    world.releases.push_back({"shared", "1.0", {}});
    world.releases.push_back({"shared", "2.0", {}});
    std::vector<std::string> asked;
    for (int i = 0; i < 12; ++i) asked.push_back("lib" + std::to_string(i));
    asked.insert(asked.begin() + 3, "x");
    asked.push_back("y");
    const Conflict found = conflict(toy_request({"python"}, asked));
    EXPECT_THAT(found.requirements, ElementsAre("pypi: x", "pypi: y"));
    EXPECT_THAT(found.repairs, Not(IsEmpty()));
    expect_golden("conflict/two_wheels.txt", as_text(found));
}

TEST_F(Refusal, NamesReleasesThatAreSourceDistributionsOnly) {
    world.releases = {{"farm", "2.4", {"mdao<=3.26,>=3.16"}},
                      {"farm", "2.3", {"mdao==3.16"}},
                      {"farm", "1.0", {"doe<2"}},
                      {"mdao", "3.40"},
                      {"mdao", "3.26", {}, {}, {}, false, {}},
                      {"mdao", "3.16", {}, {}, {}, false, {}},
                      {"doe", "1.9", {}, {}, {}, false, {}}};
    expect_golden("conflict/sdist_only.txt", as_text(conflict(toy_request({"python"}, {"farm"}))));
}

TEST_F(Refusal, NamesReleasesThatWereWithdrawn) {
    ToyRelease withdrawn{"lib", "2.0"};
    withdrawn.yanked = true;
    world.releases = {withdrawn, {"lib", "1.0"}};
    expect_golden("conflict/yanked_only.txt", as_text(conflict(toy_request({"python"}, {"lib>=2"}))));
}

TEST_F(Refusal, NamesPreReleasesWhereTheyAreNotAllowed) {
    world.releases = {{"core", "2.0a4"}, {"core", "1.0"}};
    options.prerelease = PrereleaseMode::disallow;
    expect_golden("conflict/prerelease_only.txt", as_text(conflict(toy_request({"python"}, {"core>1"}))));
}

TEST_F(Refusal, NamesTheBoundOnPythonThatLeavesNoWheel) {
    world.records.push_back({"python", "3.14.1", {}, {}, "h1_0_cp314"});
    ToyRelease spacy{"spacy", "3.7.5"};
    spacy.tags = {"cp312-cp312-manylinux_2_17_x86_64"};
    ToyRelease stated{"stated", "1.0"};
    stated.requires_python = "<3.14";
    world.releases = {spacy, stated};
    const Conflict found = conflict(toy_request({"python >=3.13"}, {"spacy"}));
    EXPECT_THAT(found.requirements, ElementsAre("conda: python >=3.13", "pypi: spacy"));
    expect_golden("conflict/wrong_python.txt", as_text(found));
    expect_golden("conflict/requires_python.txt",
                  as_text(conflict(toy_request({"python >=3.13"}, {"stated"}))));
}

TEST_F(Refusal, NamesAWheelForAnotherLibc) {
    ToyRelease duck{"duck", "2.0"};
    duck.tags = {"cp312-cp312-manylinux_2_39_x86_64"};
    world.releases = {duck};
    expect_golden("conflict/wrong_glibc.txt", as_text(conflict(toy_request({"python 3.12.*"}, {"duck"}))));
}

TEST_F(Refusal, NamesTheChannelThatPriorityShutsOut) {
    world.channel_names = {"first", "second"};
    world.records = {{"lib", "1.0", {}, {}, "0", 0, "first"},
                     {"lib", "2.0", {}, {}, "0", 0, "second"},
                     {"app", "1.0", {"lib >=2"}, {}, "0", 0, "second"}};
    expect_golden("conflict/channel_priority.txt", as_text(conflict(toy_request({"app"}, {}))));
}

TEST_F(Refusal, NamesRecordsBeyondTheCutOff) {
    world.records.push_back({"lib", "1.0", {}, {}, "0", 0, "toy", 10});
    world.records.push_back({"lib", "2.0", {}, {}, "0", 0, "toy", 30});
    options.exclude_newer_ms = 20;
    expect_golden("conflict/exclude_newer.txt", as_text(conflict(toy_request({"lib >=2"}, {}))));
}

TEST_F(Refusal, NamesTheCutOffThatHidesEveryPython) {
    world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0, "toy", 30}};
    world.releases = {{"lib", "1.0"}};
    options.exclude_newer_ms = 20;
    SilentProgress progress;
    const auto answer =
        solve_target(toy_request({}, {"lib"}), options, world.channels(), names, world, progress);
    ASSERT_FALSE(answer);
    expect_golden("conflict/no_python_before_cutoff.txt",
                  answer.error().message + "\nhelp: " + answer.error().hint + "\n");
}

TEST_F(Refusal, NamesWhatARecordConstrains) {
    world.records.push_back({"app", "1.0", {}, {"lib <2"}});
    world.records.push_back({"lib", "2.0"});
    world.records.push_back({"lib", "1.0"});
    expect_golden("conflict/constrains.txt", as_text(conflict(toy_request({"app", "lib >=2"}, {}))));
}

TEST_F(Refusal, OffersTheOtherWorldForAName) {
    world.records.push_back({"ffmpeg", "7.1"});
    world.releases = {{"only-wheel", "1.0"}};
    const Conflict wheel = conflict(toy_request({"python", "only-wheel"}, {}));
    EXPECT_THAT(as_text(wheel), HasSubstr("tried: conda: only-wheel -> pypi: only-wheel"));
    expect_golden("conflict/other_world.txt", as_text(conflict(toy_request({"python"}, {"ffmpeg>=7"}))));
}

// Two ways, each closed by another rule: no single chain of "must" says it.
TEST_F(Refusal, TellsCaseByCaseWhatNoSingleChainSays) {
    world.records.push_back({"torch-gpu", "2.0", {"proto >=6", "mkl >=2"}});
    world.records.push_back({"torch-gpu", "1.0", {"proto <6", "mkl <2"}});
    world.records.push_back({"vision", "2.0", {"proto <6", "mkl >=2"}});
    world.records.push_back({"vision", "1.0", {"proto >=6", "mkl <2"}});
    for (const char* version : {"7.0", "5.0"}) world.records.push_back({"proto", version});
    for (const char* version : {"2.0", "1.0"}) world.records.push_back({"mkl", version});
    expect_golden("conflict/case_by_case.txt", as_text(conflict(toy_request({"torch-gpu", "vision"}, {}))));
}

// One distribution, one provider: conda's record and a wheel of it cannot both be there.
// Neither side is certain about any package but the one on which they do not meet.
TEST_F(Refusal, NamesThePackageOnWhichTwoRequirementsDoNotMeet) {
    for (const char* minor : {"0", "1"}) {
        const auto version = [&](const char* major) { return std::string(major) + "." + minor; };
        world.records.push_back({"vision", version("1"), {"filter"}});
        world.records.push_back({"filter", version("1"), {"absl " + version("1")}});
        world.records.push_back({"torch", version("2"), {"proto"}});
        world.records.push_back({"proto", version("2"), {"absl " + version("2")}});
        world.records.push_back({"absl", version("1"), {}});
        world.records.push_back({"absl", version("2"), {}});
    }
    expect_golden("conflict/meeting_point.txt", as_text(conflict(toy_request({"torch", "vision"}, {}))));
}

TEST_F(Refusal, NamesTheDistributionThatBothWorldsWouldBring) {
    world.records.push_back({"user", "1.0", {"numpy 1.*"}});
    world.records.push_back({"numpy", "1.26.4"});
    world.releases = {{"wheel", "1.0", {"numpy==1.26.3"}}, {"numpy", "1.26.3"}};
    expect_golden("conflict/one_provider.txt", as_text(conflict(toy_request({"python", "user"}, {"wheel"}))));
}

}  // namespace
}  // namespace aimlock::testing
