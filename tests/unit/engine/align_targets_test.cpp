#include "solver/engine/align_targets.hpp"

#include <gmock/gmock.h>

#include "tests/support/golden.hpp"
#include "tests/support/toy_world.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Several targets over one toy world; records can be those of another platform.
class Targets : public ::testing::Test {
protected:
    ToyWorld world;
    std::vector<ToyRecord> arm_records;
    NameMap names = NameMap::built_in();
    Request request;

    void SetUp() override {
        world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}};
        arm_records = world.records;
    }

    void add_target(const char* name,
                    const char* platform,
                    const std::vector<std::string>& conda,
                    const std::vector<std::string>& pypi,
                    std::optional<std::string> cuda = {}) {
        TargetRequest target = toy_request(conda, pypi);
        target.target.name = name;
        target.target.platform = platform;
        target.target.cuda = std::move(cuda);
        request.targets.push_back(std::move(target));
    }

    AlignedOutcomes solve(std::size_t first = 0) {
        std::vector<Channel> channels = world.channels();
        ToyWorld arm;
        arm.records = arm_records;
        std::vector<Channel> arm_channels = arm.channels();
        for (Repodata& repodata : arm_channels.front().subdirs) {
            repodata.subdir = "linux-aarch64";
            channels.front().subdirs.push_back(std::move(repodata));
        }
        SilentProgress progress;
        auto result = solve_targets(
            request, first, channels, names,
            [&](std::size_t) -> MetadataSource& {
                world.reset();
                return world;
            },
            progress);
        EXPECT_TRUE(result.has_value()) << result.error().message;
        return result ? *std::move(result) : AlignedOutcomes{};
    }
    static std::vector<std::string> lines(const AlignedOutcomes& outcomes, std::size_t target) {
        const auto* solution = std::get_if<Solution>(&outcomes.outcomes[target]);
        return solution == nullptr ? std::vector<std::string>{"no solution"} : package_lines(*solution);
    }
    static std::string apart(const AlignedOutcomes& outcomes) {
        std::string text;
        for (const Apart& entry : outcomes.apart) {
            text += entry.name;
            for (const auto& [target, version] : entry.versions) text += " " + target + "=" + version;
            text += ": " + entry.reason + "\n";
        }
        return text;
    }
};

TEST_F(Targets, KeepWhatTheFirstHasWhereTheyCan) {
    world.releases = {{"app", "2.0", {"nvidia-cublas-cu12; extra == 'cuda12'"}, {"cuda12"}},
                      {"lib", "3.0", {}},
                      {"lib", "2.0", {}},
                      {"gpu-kernels", "1.0", {"lib<3"}},
                      {"nvidia-cublas-cu12", "12.8", {}}};
    add_target("gpu", "linux-64", {"python"}, {"app[cuda12]", "gpu-kernels", "lib"}, "12.4");
    add_target("cpu", "linux-64", {"python"}, {"app", "lib"});
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 1), Contains("lib 2.0 (PyPI)"));  // alone it would have 3.0
    EXPECT_THAT(found.apart, IsEmpty());
}

TEST_F(Targets, TheFirstTakesAnOlderVersionWhereAllCanHaveIt) {
    for (const char* version : {"2.5.2", "2.4.6"}) world.records.push_back({"numpy", version, {"python"}});
    arm_records.push_back({"numpy", "2.4.6", {"python"}});
    add_target("gpu", "linux-64", {"python", "numpy"}, {}, "12.4");
    add_target("arm", "linux-aarch64", {"python", "numpy"}, {});
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 0), Contains("numpy 2.4.6 (conda)"));
    EXPECT_THAT(lines(found, 1), Contains("numpy 2.4.6 (conda)"));
    EXPECT_THAT(found.apart, IsEmpty());
    EXPECT_THAT(std::get<Solution>(found.outcomes[0]).notes,
                Contains("numpy 2.4.6 and not 2.5.2, so that all targets have the same"));
}

TEST_F(Targets, FollowTheFirstWhenItTookAnOlderVersion) {
    for (const char* version : {"2.5.2", "2.4.6"}) world.records.push_back({"numpy", version, {"python"}});
    arm_records.push_back({"numpy", "2.4.6", {"python"}});
    add_target("gpu", "linux-64", {"python", "numpy"}, {}, "12.4");
    add_target("cpu", "linux-64", {"python", "numpy"}, {});
    add_target("arm", "linux-aarch64", {"python", "numpy"}, {});
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 1), Contains("numpy 2.4.6 (conda)"));
    EXPECT_THAT(found.apart, IsEmpty());
}

TEST_F(Targets, AreToldApartWithTheReasonWhereNoVersionIsCommon) {
    for (const char* version : {"2.12.0", "2.10.0"})
        world.records.push_back({"pytorch", version, {"python"}});
    arm_records.push_back(
        {"pytorch", "1.13.1", {"python"}});  // another major version: not worth going back to
    world.releases = {
        {"lib", "2.0", {}}, {"lib", "1.0", {}}, {"old", "1.0", {"lib<2"}}, {"new", "1.0", {"lib>=2"}}};
    add_target("gpu", "linux-64", {"python", "pytorch"}, {"lib", "new"}, "12.4");
    add_target("arm", "linux-aarch64", {"python", "pytorch"}, {"lib", "old"});
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 0), Contains("pytorch 2.12.0 (conda)"));
    EXPECT_THAT(lines(found, 1), Contains("pytorch 1.13.1 (conda)"));
    expect_golden("targets/apart.txt", apart(found));
}

TEST_F(Targets, DoNotMoveWhatElseWasAskedForOnlyToAgree) {
    // numpy 2.4.6 in the first target would take pandas back with it.
    world.records.push_back({"numpy", "2.5.2", {"python"}});
    world.records.push_back({"numpy", "2.4.6", {"python"}});
    world.records.push_back({"pandas", "3.1", {"numpy >=2.5"}});
    world.records.push_back({"pandas", "3.0", {"numpy <2.5"}});
    arm_records.push_back({"numpy", "2.4.6", {"python"}});
    add_target("gpu", "linux-64", {"python", "pandas", "numpy"}, {}, "12.4");
    add_target("arm", "linux-aarch64", {"python", "numpy"}, {});
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 0), Contains("pandas 3.1 (conda)"));
    EXPECT_EQ(apart(found), "numpy gpu=2.5.2 arm=2.4.6: no channel has numpy 2.5.2 for linux-aarch64\n");
}

TEST_F(Targets, TheLeadingTargetNeedNotBeTheFirstOfTheManifest) {
    world.releases = {{"lib", "3.0", {}}, {"lib", "2.0", {}}, {"kernels", "1.0", {"lib<3"}}};
    add_target("cpu", "linux-64", {"python"}, {"lib"});
    add_target("gpu", "linux-64", {"python"}, {"kernels", "lib"}, "12.4");
    const AlignedOutcomes found = solve(1);
    EXPECT_THAT(lines(found, 0), Contains("lib 2.0 (PyPI)"));
}

TEST_F(Targets, WithoutASolutionLeaveTheOthersTheirs) {
    world.releases = {{"lib", "3.0", {"nvidia-cublas-cu12"}}, {"nvidia-cublas-cu12", "12.8", {}}};
    add_target("cpu", "linux-64", {"python"}, {"lib"});
    add_target("gpu", "linux-64", {"python"}, {"lib"}, "12.4");
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 0), ElementsAre("no solution"));
    EXPECT_THAT(lines(found, 1), Contains("lib 3.0 (PyPI)"));
}

TEST_F(Targets, EvaluateMarkersAndTagsForTheirOwnPlatform) {
    ToyRelease wheel{"fast",
                     "1.0",
                     {"win-only; sys_platform == 'win32'", "arm-only; platform_machine == 'aarch64'",
                      "intel-only; platform_machine == 'x86_64'"}};
    ToyRelease built{"built", "2.0", {}};
    built.tags = {"cp312-cp312-manylinux_2_28_x86_64"};
    ToyRelease everywhere{"built", "1.0", {}};
    everywhere.tags = {"cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_28_aarch64"};
    world.releases = {
        wheel, built, everywhere, {"win-only", "1.0"}, {"arm-only", "1.0"}, {"intel-only", "1.0"}};
    add_target("intel", "linux-64", {"python"}, {"fast"});
    add_target("arm", "linux-aarch64", {"python"}, {"fast", "built"});
    const AlignedOutcomes found = solve();
    EXPECT_THAT(lines(found, 0), Contains("intel-only 1.0 (PyPI)"));
    EXPECT_THAT(lines(found, 1), ElementsAre("arm-only 1.0 (PyPI)", "built 1.0 (PyPI)", "fast 1.0 (PyPI)",
                                             "python 3.12.13 (conda)"));
}

}  // namespace
}  // namespace aimlock::testing
