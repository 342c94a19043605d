// What is solved and may not be what people want: the words are golden, for they name what to ask for.
#include <gmock/gmock.h>

#include "solver/engine/cuda_base_image.hpp"
#include "solver/engine/cuda_index.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CudaWarnings : public ToySolve {
protected:
    void SetUp() override { world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}}; }

    Solution solved(const TargetRequest& request) {
        const Outcome found = outcome(request);
        if (const auto* conflict = std::get_if<Conflict>(&found)) {
            ADD_FAILURE() << conflict->explanation();
            return {};
        }
        return std::get<Solution>(found);
    }
    std::vector<std::string> warnings(const TargetRequest& request) { return solved(request).warnings; }

    static TargetRequest gpu(const std::vector<std::string>& conda,
                             const std::vector<std::string>& pypi,
                             const char* cuda = "12.4") {
        TargetRequest request = toy_request(conda, pypi);
        request.target.name = "gpu";
        request.target.cuda = cuda;
        return request;
    }
};

std::string lines_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

TEST_F(CudaWarnings, NameTheNewestGpuBuildBehindACpuBuild) {
    world.records.push_back({"jaxlib", "0.9.0", {"python"}, {}, "cpu_py312_0", 0});
    world.records.push_back(
        {"jaxlib", "0.7.0", {"python", "__cuda", "cuda-version >=12"}, {}, "cuda129py312_200", 200});
    world.records.push_back(
        {"jaxlib", "0.8.0", {"python", "__cuda", "cuda-version >=13"}, {}, "cuda130py312_200", 200});
    world.records.push_back({"cuda-version", "12.9", {}, {"__cuda >=12"}});
    world.records.push_back({"cuda-version", "13.0", {}, {"__cuda >=13"}});
    expect_golden("cuda/cpu_record.txt", lines_of(warnings(gpu({"python", "jaxlib"}, {}))));
    TargetRequest cpu = gpu({"python", "jaxlib"}, {});
    cpu.target.cuda.reset();
    EXPECT_THAT(warnings(cpu), IsEmpty());
    EXPECT_THAT(warnings(gpu({"python", "jaxlib * *cuda*"}, {})), IsEmpty());
}

TEST_F(CudaWarnings, SayWhatToAskForInsteadOfAWheelForTheCpu) {
    world.releases = {{"jax", "0.12", {"jax-cuda12-plugin; extra == 'cuda12'"}, {"cuda12"}},
                      {"jax-cuda12-plugin", "0.12", {}},
                      {"tensorflow", "2.21.0", {"nvidia-cublas-cu12; extra == 'and-cuda'"}, {"and-cuda"}},
                      {"nvidia-cublas-cu12", "12.8.4", {}},
                      {"torch", "2.9.1", {}},
                      {"torchvision", "0.24.1+cpu", {}},
                      {"onnxruntime", "1.26.0", {}},
                      {"paddlepaddle-gpu", "2.6.2", {}}};
    TargetRequest all =
        gpu({"python"}, {"jax", "tensorflow", "torch", "torchvision", "onnxruntime", "paddlepaddle-gpu"});
    all.target.platform = "linux-64";
    expect_golden("cuda/cpu_wheels.txt", lines_of(warnings(all)));
    EXPECT_THAT(warnings(gpu({"python"}, {"jax[cuda12]", "tensorflow[and-cuda]"})), IsEmpty());
}

TEST_F(CudaWarnings, TellOfExtrasThatBringNothingAndOfMajorsThatAreMixed) {
    world.releases = {{"lib", "1.0", {}, {"cuda12"}},       {"other", "1.0", {}},
                      {"a", "1.0", {"nvidia-cublas-cu12"}}, {"b", "1.0", {"nvidia-cublas"}},
                      {"nvidia-cublas-cu12", "12.8", {}},   {"nvidia-cublas", "13.0.0.19", {}}};
    TargetRequest request = gpu({"python"}, {"lib[cuda12]", "other[cuda]", "a", "b"}, "13.0");
    request.target.cuda_mixed = true;
    expect_golden("cuda/hollow_and_mixed.txt", lines_of(warnings(request)));
}

TEST_F(CudaWarnings, TellWhatACompatibilityPackageDid) {
    world.records.push_back({"cuda-version", "13.0", {}, {"__cuda >=13"}});
    world.records.push_back({"cuda-version", "12.9", {}, {"__cuda >=12"}});
    TargetRequest request = gpu({"cuda-version"}, {});
    request.target.cuda_compat = true;
    const Solution without = solved(request);
    world.records.push_back({"cuda-compat", "13.0.1", {}, {}});
    request.target.cuda_arch = {"8.0", "8.9"};
    const Solution with = solved(request);
    expect_golden("cuda/compat.txt", lines_of(without.warnings) + lines_of(with.warnings));
    EXPECT_THAT(package_lines(without), ElementsAre("cuda-version 12.9 (conda)"));
    EXPECT_THAT(package_lines(with), ElementsAre("cuda-compat 13.0.1 (conda)", "cuda-version 13.0 (conda)"));
    EXPECT_EQ(with.target.cuda, "12.4") << "the target is what the manifest says";
}

Solution with_packages(const char* cuda, std::vector<std::string> wheels) {
    Solution solution;
    solution.target.name = "gpu";
    solution.target.cuda = cuda;
    solution.target.glibc = "2.35";
    for (const std::string& name : wheels) {
        Package package;
        package.kind = PackageKind::pypi;
        package.name = name;
        package.version = "12.8.90";
        solution.packages.push_back(package);
    }
    return solution;
}

TEST(BaseImage, IsReadByItsReference) {
    const BaseImage base = read_base_image("nvidia/cuda:12.2.2-base-ubuntu22.04@sha256:4bf1");
    EXPECT_EQ(base.cuda, "12.2.2");
    EXPECT_EQ(base.glibc, "2.35");
    EXPECT_FALSE(base.has_libraries);
    const BaseImage devel = read_base_image("registry.example:5000/nvidia/cuda:12.8.1-cudnn-devel-ubi8");
    EXPECT_EQ(devel.cuda, "12.8.1");
    EXPECT_TRUE(devel.has_libraries && devel.has_compiler);
    EXPECT_EQ(read_base_image("pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime").cuda, "12.1");
    EXPECT_EQ(read_base_image("debian:12").cuda, "");
    EXPECT_EQ(read_base_image("localhost:5000/base").cuda, "");
}

TEST(BaseImage, FitsTheDriverTheLockAndTheCLibraryOrSaysWhatDoesNot) {
    const Solution twelve = with_packages("12.2", {"nvidia-cublas-cu12"});
    EXPECT_THAT(base_image_warnings("nvidia/cuda:12.2.2-base-ubuntu22.04", twelve), IsEmpty());
    EXPECT_THAT(base_image_warnings("ubuntu:22.04", twelve), IsEmpty());
    Solution cpu = with_packages("12.2", {});
    cpu.target.cuda.reset();
    std::string text;
    for (const auto& [image, solution] :
         std::vector<std::pair<std::string, Solution>>{{"nvidia/cuda:12.6.3-base-ubuntu22.04", twelve},
                                                       {"nvidia/cuda:12.2.2-runtime-ubuntu22.04", twelve},
                                                       {"nvidia/cuda:11.8.0-devel-ubuntu22.04", twelve},
                                                       {"nvidia/cuda:12.2-base-ubuntu20.04", twelve},
                                                       {"nvidia/cuda:12.2.2-base-ubuntu22.04", cpu}}) {
        text += image + "\n";
        for (const std::string& warning : base_image_warnings(image, solution)) text += "  " + warning + "\n";
    }
    expect_golden("cuda/base_image.txt", text);
}

TEST(IndexesByVariant, AreAskedByTheTargetsThatTheyAreFor) {
    const std::vector<std::string> all{"https://index.example/whl/cu130", "https://index.example/whl/cu126/",
                                       "https://index.example/whl/cpu", "https://index.example/simple"};
    Target target;
    EXPECT_THAT(indexes_for(target, all), ElementsAre(all[2], all[3]));
    target.cuda = "12.2";
    EXPECT_THAT(indexes_for(target, all), ElementsAre(all[1], all[3]));
    target.cuda = "13.0";
    EXPECT_THAT(indexes_for(target, all), ElementsAre(all[0], all[1], all[3]));
    target.cuda_arch = {"7.0"};
    EXPECT_THAT(indexes_for(target, all), ElementsAre(all[1], all[3]));
    target.cuda = "11.8";
    EXPECT_THAT(indexes_for(target, all), ElementsAre(all[2], all[3])) << "no build for CUDA is left";
    EXPECT_THAT(indexes_for(target, {all[0]}), ElementsAre(all[0])) << "refused with a reason, not unasked";
    EXPECT_THAT(indexes_for(target, {"https://index.example/simple/curated"}),
                ElementsAre("https://index.example/simple/curated"));
}

}  // namespace
}  // namespace aimlock::testing
