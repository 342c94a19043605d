// Wheels whose metadata does not tell whether they run on the target: their libraries are read when they are
// chosen.
#include <gmock/gmock.h>

#include "solver/engine/cuda_limits.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

GpuArchitecture sm(unsigned number) {
    return {GpuArchitecture::Kind::cubin, number};
}

class CudaCode : public ToySolve {
protected:
    void SetUp() override {
        world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}};
        world.reads_code = true;
    }
    ToyRelease& add(const std::string& name,
                    const std::string& version,
                    std::optional<WheelCode> code,
                    std::vector<std::string> requires_dist = {}) {
        world.releases.push_back({name, version, std::move(requires_dist)});
        world.releases.back().tags = {"cp312-cp312-manylinux_2_28_x86_64"};
        world.releases.back().code = std::move(code);
        return world.releases.back();
    }
    static TargetRequest wheels(const std::vector<std::string>& pypi,
                                const char* cuda,
                                std::vector<std::string> archs = {}) {
        TargetRequest request = toy_request({"python"}, pypi);
        request.target.cuda = cuda;
        request.target.cuda_arch = std::move(archs);
        return request;
    }
    Conflict refused(const TargetRequest& request) {
        Outcome found = outcome(request);
        EXPECT_TRUE(std::holds_alternative<Conflict>(found));
        return std::holds_alternative<Conflict>(found) ? std::get<Conflict>(found) : Conflict{};
    }
};

TEST_F(CudaCode, AReleaseWithoutCodeForAGpuGivesWayToOneThatHasIt) {
    add("fast-gpu", "4.0", WheelCode{{sm(70), sm(80)}, {12}, true});
    add("fast-gpu", "3.0", WheelCode{{sm(80), sm(100)}, {12}, true});
    add("fast-gpu", "2.0", WheelCode{{sm(80), sm(90)}, {12}, true});
    add("fast-gpu", "1.0", WheelCode{{sm(80), sm(90)}, {12}, true});
    EXPECT_THAT(package_lines(solved(wheels({"fast-gpu"}, "12.8", {"8.6"}))),
                Contains("fast-gpu 4.0 (PyPI)"));
    const Solution hopper = solved(wheels({"fast-gpu"}, "12.8", {"8.6", "9.0"}));
    EXPECT_THAT(package_lines(hopper), Contains("fast-gpu 2.0 (PyPI)"));
    EXPECT_THAT(hopper.warnings, IsEmpty());
    EXPECT_THAT(world.code_read, Not(Contains(HasSubstr("fast_gpu-1.0"))));
}

TEST_F(CudaCode, ARepairIsReadAsAnAnswerIs) {
    add("fast-gpu", "3.0", WheelCode{{sm(70), sm(80)}, {12}, true});
    add("fast-gpu", "2.0", WheelCode{{sm(80), sm(100)}, {12}, true});
    add("fast-gpu", "1.0", WheelCode{{sm(80), sm(90)}, {12}, true});
    const Conflict conflict = refused(wheels({"fast-gpu==3.0"}, "12.8", {"9.0"}));
    ASSERT_FALSE(conflict.repairs.empty());
    EXPECT_EQ(conflict.repairs.front().change, "pypi: fast-gpu==3.0 -> fast-gpu ==1.0");
}

TEST_F(CudaCode, PtxCountsWhereTheDriverKnowsItsLanguage) {
    add("fast-gpu", "1.0", WheelCode{{sm(80), {GpuArchitecture::Kind::ptx, 80, '\0', 8, 7}}, {12}, true});
    EXPECT_THAT(package_lines(solved(wheels({"fast-gpu"}, "12.8", {"9.0"}))),
                Contains("fast-gpu 1.0 (PyPI)"));
    expect_golden("cuda/no_code_in_wheel.txt",
                  refused(wheels({"fast-gpu"}, "12.4", {"9.0"})).explanation() + "\n");
}

TEST_F(CudaCode, ASilentWheelNeedsTheMajorThatItsLibrariesLoad) {
    world.releases = {{"torch", "2.10.0", {"nvidia-cuda-runtime-cu12"}},
                      {"nvidia-cuda-runtime-cu12", "12.8.90", {}}};
    add("torch-ops", "2.0", WheelCode{{}, {13}, true}, {"torch"});
    add("torch-ops", "1.0", WheelCode{{}, {12}, true}, {"torch"});
    EXPECT_THAT(package_lines(solved(wheels({"torch", "torch-ops"}, "13.0"))),
                Contains("torch-ops 1.0 (PyPI)"));
    EXPECT_THAT(refused(wheels({"torch", "torch-ops==2.0"}, "13.0")).explanation(), HasSubstr("CUDA 13"));
}

TEST_F(CudaCode, LibrariesForSeveralMajorsTakeWhatIsThere) {
    world.releases = {{"torch", "2.10.0", {"nvidia-cuda-runtime-cu12"}},
                      {"nvidia-cuda-runtime-cu12", "12.8.90", {}}};
    add("torch-ops", "2.0", WheelCode{{}, {12, 13}, true}, {"torch"});
    EXPECT_THAT(package_lines(solved(wheels({"torch", "torch-ops"}, "13.0"))),
                Contains("torch-ops 2.0 (PyPI)"));
}

TEST_F(CudaCode, WhatWasReadInPartIsToldAndRefusesNothing) {
    add("big-gpu", "2.0", WheelCode{{sm(80)}, {12}, false});
    add("empty-gpu", "2.0", WheelCode{{}, {12}, false});
    add("shut-gpu", "2.0", std::nullopt);
    add("closed-gpu", "1.0", std::nullopt);
    add("mute-gpu", "1.0", WheelCode{{sm(90)}, {}, true});
    const Solution solution =
        solved(wheels({"big-gpu", "empty-gpu", "shut-gpu", "closed-gpu", "mute-gpu"}, "12.8", {"9.0"}));
    std::string lines;
    for (const std::string& line : solution.warnings) lines += line + "\n";
    expect_golden("cuda/code_not_read.txt", lines);
}

TEST_F(CudaCode, KernelsForOneGenerationAloneAreAnAdditionWhereAWheelIsNotForGpusByName) {
    world.releases = {{"torch", "2.10.0", {}}};
    add("torch-more", "1.0", WheelCode{{sm(100), {GpuArchitecture::Kind::cubin, 90, 'a'}}, {12}, true},
        {"torch"});
    const Solution solution = solved(wheels({"torch-more"}, "12.8", {"8.6"}));
    EXPECT_THAT(solution.warnings, Contains(HasSubstr("may have no code for a GPU of architecture 8.6")));
    add("torch-all", "1.0", WheelCode{{sm(90), sm(100)}, {12}, true}, {"torch"});
    EXPECT_THAT(refused(wheels({"torch-all"}, "12.8", {"8.6"})).explanation(),
                HasSubstr("no code for a GPU"));
}

TEST_F(CudaCode, AnAnswerTellsItsMajorItsDriverAndItsGpus) {
    world.releases = {{"torch", "2.10.0", {"nvidia-cuda-runtime-cu12"}},
                      {"nvidia-cuda-runtime-cu12", "12.8.90", {}}};
    add("torch-ops", "1.0", WheelCode{{sm(75), sm(80), sm(90)}, {12}, true}, {"torch"});
    const CudaFacts facts = solved(wheels({"torch", "torch-ops"}, "13.0", {"8.6"})).cuda;
    EXPECT_EQ(facts.major, 12U);
    EXPECT_EQ(facts.driver, "12.0");
    EXPECT_THAT(facts.gpus, ElementsAre("7.5", "8.0", "8.6", "8.7", "8.9", "9.0"));
    EXPECT_EQ(solved(wheels({"torch==2.10.0"}, "12.4")).cuda.gpus.back(), "9.0")
        << "the driver knows no later one";
    add("plain", "1.0", std::nullopt);
    EXPECT_EQ(solved(wheels({"plain"}, "13.0", {"8.6"})).cuda, CudaFacts{});
    TargetRequest cpu = wheels({"plain"}, "13.0");
    cpu.target.cuda.reset();
    EXPECT_EQ(solved(cpu).cuda, CudaFacts{});
}

TEST_F(CudaCode, NothingIsReadThatIsKnownOrHasNothingToTell) {
    add("torch", "2.10.0", std::nullopt, {"nvidia-cudnn-cu12"});  // known from before
    add("nvidia-cudnn-cu12", "9.10.2.21", std::nullopt);          // NVIDIA's own
    add("numpy", "2.0", std::nullopt);
    add("vision", "1.0", std::nullopt, {"torch==2.10.0"});  // its major is torch's
    world.releases.push_back({"pure-gpu", "1.0", {"torch"}});
    const std::vector<std::string> all{"torch", "numpy", "vision", "pure-gpu"};
    EXPECT_THAT(solved(wheels(all, "12.8")).warnings, Not(Contains(HasSubstr("not checked"))));
    EXPECT_THAT(world.code_read, IsEmpty());
    EXPECT_THAT(solved(wheels(all, "12.8", {"9.0"})).warnings, Contains(HasSubstr("not checked")));
    EXPECT_THAT(world.code_read, ElementsAre(HasSubstr("vision-1.0")));
    world.code_read.clear();
    add("fast-gpu", "1.0", std::nullopt);
    solved(wheels({"fast-gpu"}, "none"));
    EXPECT_THAT(world.code_read, IsEmpty());
}

}  // namespace
}  // namespace aimlock::testing
