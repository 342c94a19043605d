#include <gmock/gmock.h>

#include "tests/support/golden.hpp"
#include "tests/support/toy_world.hpp"

namespace aimlock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Refusal : public ::testing::Test {
protected:
    ToyWorld world;
    NameMap names = NameMap::built_in();

    void SetUp() override { world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}}; }

    Conflict conflict(const TargetRequest& request) {
        world.reset();
        SilentProgress progress;
        auto result = solve_target(request, {}, world.channels(), names, world, progress);
        EXPECT_TRUE(result.has_value()) << result.error().message;
        EXPECT_TRUE(std::holds_alternative<Conflict>(*result));
        return std::get<Conflict>(*result);
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

}  // namespace
}  // namespace aimlock::testing
