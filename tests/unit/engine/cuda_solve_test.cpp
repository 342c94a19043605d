// CUDA as a variable of the problem: toy worlds, one or more for each rule. What each rule reads is in
// cuda_evidence_test.cpp.
#include <gmock/gmock.h>

#include "tests/support/golden.hpp"
#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class CudaSolve : public ToySolve {
protected:
    void SetUp() override { world.records = {{"python", "3.12.13", {}, {}, "h1_0_cpython", 0}}; }

    std::vector<std::string> solved(const TargetRequest& request) {
        Outcome found = outcome(request);
        if (const auto* conflict = std::get_if<Conflict>(&found))
            return {"no solution: " + conflict->explanation()};
        EXPECT_THAT(violations(world, request, std::get<Solution>(found), names), IsEmpty());
        return package_lines(std::get<Solution>(found));
    }
    std::string refused(const TargetRequest& request) {
        Outcome found = outcome(request);
        if (const auto* solution = std::get_if<Solution>(&found)) {
            std::string text = "solved:";
            for (const std::string& line : package_lines(*solution)) text += " " + line + ",";
            return text;
        }
        return std::get<Conflict>(found).explanation();
    }
    static TargetRequest wheels(const std::vector<std::string>& pypi,
                                std::optional<std::string> cuda,
                                std::vector<std::string> archs = {}) {
        TargetRequest request = toy_request({"python"}, pypi);
        request.target.cuda = std::move(cuda);
        request.target.cuda_arch = std::move(archs);
        return request;
    }
    static TargetRequest records(const std::vector<std::string>& conda, std::optional<std::string> cuda) {
        TargetRequest request = toy_request(conda, {});
        request.target.cuda = std::move(cuda);
        return request;
    }
    void torch_of_both_majors() {
        world.releases = {{"torch", "2.15.0", {"nvidia-cuda-runtime==13.0.96"}},
                          {"torch", "2.10.0", {"nvidia-cuda-runtime-cu12==12.8.90"}},
                          {"nvidia-cuda-runtime", "13.0.96", {}},
                          {"nvidia-cuda-runtime", "0.0.1", {}},
                          {"nvidia-cuda-runtime-cu12", "12.8.90", {}}};
    }
};

// --- R1, R2, R3: what carries CUDA must run on the driver.

TEST_F(CudaSolve, AWheelsMajorMustRunOnTheTargetsDriver) {
    torch_of_both_majors();
    EXPECT_THAT(solved(wheels({"torch"}, "12.2")), Contains("torch 2.10.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch"}, "12.0")), Contains("torch 2.10.0 (PyPI)"));  // 12.8 on 12.0
    EXPECT_THAT(solved(wheels({"torch"}, "13.0")), Contains("torch 2.15.0 (PyPI)"));
    EXPECT_THAT(refused(wheels({"torch"}, "11.8")), HasSubstr("needs driver 525.60.13 or newer"));
    EXPECT_THAT(refused(wheels({"torch"}, std::nullopt)), HasSubstr("the target has no CUDA driver"));
    EXPECT_THAT(refused(wheels({"torch==2.15.0"}, "12.2")), HasSubstr("needs driver 580 or newer"));
}

TEST_F(CudaSolve, AToolkitPackageFixesTheMajorByItsVersion) {
    world.releases = {{"cudf", "26.10", {"cuda-toolkit[cudart]==13.*"}, {}},
                      {"cudf", "26.8", {"cuda-toolkit[cudart]==12.*"}, {}},
                      {"cuda-toolkit", "13.0.3.0", {}, {"cudart"}},
                      {"cuda-toolkit", "12.9.1", {}, {"cudart"}}};
    EXPECT_THAT(solved(wheels({"cudf"}, "12.4")),
                IsSupersetOf({"cudf 26.8 (PyPI)", "cuda-toolkit 12.9.1 (PyPI)"}));
    EXPECT_THAT(solved(wheels({"cudf"}, "13.0")), Contains("cuda-toolkit 13.0.3.0 (PyPI)"));
}

TEST_F(CudaSolve, APlaceholderIsNeverAnAnswer) {
    world.releases = {{"tensorrt-torch", "2.10.0", {"nvidia-cuda-runtime-cu13==0.0.0a0"}},
                      {"nvidia-cuda-runtime-cu13", "0.0.0a0", {}},
                      {"nvidia-cuda-runtime-cu13", "0.0.1", {}}};
    EXPECT_THAT(refused(wheels({"tensorrt-torch"}, "13.0")), HasSubstr("nvidia-cuda-runtime-cu13"));
    EXPECT_THAT(refused(wheels({"nvidia-cuda-runtime-cu13"}, "13.0")), Not(HasSubstr("solved")));
}

// --- one major in one environment

TEST_F(CudaSolve, OneEnvironmentHasOneMajorUnlessTheTargetMixesThem) {
    world.releases = {{"a", "1.0", {"nvidia-cublas-cu12"}},
                      {"b", "2.0", {"nvidia-cublas"}},
                      {"b", "1.0", {"nvidia-cublas-cu12"}},
                      {"nvidia-cublas-cu12", "12.8", {}},
                      {"nvidia-cublas", "13.0.0.19", {}}};
    TargetRequest request = wheels({"a", "b"}, "13.0");
    EXPECT_THAT(solved(request), Contains("b 1.0 (PyPI)"));
    request.target.cuda_mixed = true;
    EXPECT_THAT(solved(request), Contains("b 2.0 (PyPI)"));
}

TEST_F(CudaSolve, BuildsThatInstallTheSameFilesAreNeverMixed) {
    world.releases = {{"a", "1.0", {"nvidia-cudnn-cu12"}},
                      {"b", "1.0", {"nvidia-cudnn-cu13"}},
                      {"nvidia-cudnn-cu12", "9.10", {}},
                      {"nvidia-cudnn-cu13", "9.28", {}}};
    TargetRequest request = wheels({"a", "b"}, "13.0");
    request.target.cuda_mixed = true;
    EXPECT_THAT(refused(request), HasSubstr("nvidia-cudnn-cu1"));
}

TEST_F(CudaSolve, CondasCudaAndTheWheelsAreOneMajor) {
    torch_of_both_majors();
    world.records.push_back({"cuda-version", "12.9", {}, {"__cuda >=12"}});
    world.records.push_back({"cuda-version", "13.0", {}, {"__cuda >=13"}});
    TargetRequest request = toy_request({"python", "cuda-version 12.*"}, {"torch"});
    request.target.cuda = "13.0";
    EXPECT_THAT(solved(request), Contains("torch 2.10.0 (PyPI)"));
    request.conda.back() = toy_request({"cuda-version"}, {}).conda.front();
    EXPECT_THAT(solved(request), IsSupersetOf({"torch 2.15.0 (PyPI)", "cuda-version 13.0 (conda)"}));
}

// --- no driver

TEST_F(CudaSolve, WithoutADriverNcclAloneIsAllowed) {
    world.releases = {{"xgboost", "3.4.1", {"nvidia-nccl-cu13"}},
                      {"nvidia-nccl-cu13", "2.32", {}},
                      {"cupy-cuda12x", "14.0", {}},
                      {"ctranslate2", "4.8.5", {}},
                      {"torchaudio", "2.11.0", {}}};
    EXPECT_THAT(solved(wheels({"xgboost"}, std::nullopt)), Contains("nvidia-nccl-cu13 2.32 (PyPI)"));
    EXPECT_THAT(solved(wheels({"ctranslate2"}, std::nullopt)), Contains("ctranslate2 4.8.5 (PyPI)"));
    EXPECT_THAT(refused(wheels({"cupy-cuda12x"}, std::nullopt)), HasSubstr("no CUDA driver"));
    EXPECT_THAT(refused(wheels({"torchaudio"}, std::nullopt)), HasSubstr("no CUDA driver"));
}

TEST_F(CudaSolve, WithoutADriverCondaKeepsCondasMeaning) {
    world.records.push_back({"cuda-version", "13.0", {}, {"__cuda >=13"}});
    world.records.push_back({"cudatoolkit", "11.8.0", {}, {"__cuda >=11"}});
    world.records.push_back({"pytorch", "2.10.0", {"__cuda"}});
    EXPECT_THAT(solved(records({"cuda-version", "cudatoolkit"}, std::nullopt)),
                ElementsAre("cuda-version 13.0 (conda)", "cudatoolkit 11.8.0 (conda)"));
    EXPECT_THAT(refused(records({"pytorch"}, std::nullopt)), HasSubstr("no CUDA driver"));
}

// --- R5, R9: extras

TEST_F(CudaSolve, AnExtrasNameIsARequestForItsMajor) {
    // jax 0.7.1 declares cuda13 and adds jaxlib only: stepping back to it would be a CPU install, exit 0.
    world.releases = {{"jax", "0.12", {"jax-cuda13-plugin; extra == 'cuda13'"}, {"cuda13"}},
                      {"jax", "0.7.1", {"jaxlib; extra == 'cuda13'"}, {"cuda13"}},
                      {"jax", "0.6", {"jaxlib"}, {}},
                      {"jaxlib", "0.7.1", {}},
                      {"jax-cuda13-plugin", "0.12", {}}};
    EXPECT_THAT(refused(wheels({"jax[cuda13]"}, "12.4")), HasSubstr("CUDA 13"));
    EXPECT_THAT(refused(wheels({"jax[cuda13]"}, std::nullopt)), HasSubstr("CUDA 13"));
    EXPECT_THAT(solved(wheels({"jax[cuda13]"}, "13.0")), Contains("jax-cuda13-plugin 0.12 (PyPI)"));
}

TEST_F(CudaSolve, AReleaseWithoutTheExtrasCudaIsNoWayOut) {
    world.releases = {{"jax", "0.12", {"jax-cuda13-plugin; extra == 'cuda13'", "ml>=2"}, {"cuda13"}},
                      {"jax", "0.7.1", {"jaxlib; extra == 'cuda13'"}, {"cuda13"}},
                      {"jax", "0.6", {"jaxlib"}, {}},
                      {"jaxlib", "0.7.1", {}},
                      {"ml", "2.0", {}},
                      {"ml", "1.0", {}},
                      {"jax-cuda13-plugin", "0.12", {}}};
    const std::string reason = refused(wheels({"jax[cuda13]", "ml<2"}, "13.0"));
    EXPECT_THAT(reason, Not(HasSubstr("solved")));
    expect_golden("cuda/no_way_out.txt", reason + "\n");
    // Who asks for the old one gets it.
    EXPECT_THAT(solved(wheels({"jax[cuda13]<0.7.2", "ml<2"}, "13.0")), Contains("jax 0.7.1 (PyPI)"));
}

TEST_F(CudaSolve, AReleaseThatLacksTheExtraIsNoWayOut) {
    world.releases = {
        {"onnxruntime-gpu", "1.27.0", {"nvidia-cuda-runtime-cu13~=13.0; extra == 'cuda'"}, {"cuda"}},
        {"onnxruntime-gpu", "1.20.0", {}, {}},
        {"nvidia-cuda-runtime-cu13", "0.0.1", {}}};
    // 1.27.0 asks for a carrier that does not exist: unsatisfiable as published, and 1.20.0 has no such
    // extra.
    EXPECT_THAT(refused(wheels({"onnxruntime-gpu[cuda]"}, "13.0")), HasSubstr("nvidia-cuda-runtime-cu13"));
}

TEST_F(CudaSolve, ExtrasOfToolsThatAreNeutralAskForNothing) {
    world.releases = {{"nvidia-cutlass-dsl", "4.3", {}, {"cu13"}}};
    EXPECT_THAT(solved(wheels({"nvidia-cutlass-dsl[cu13]"}, "12.4")),
                Contains("nvidia-cutlass-dsl 4.3 (PyPI)"));
}

// --- R6, R7, R8, R10

TEST_F(CudaSolve, NamesAndLocalVersionsFixTheMajor) {
    world.releases = {
        {"cupy-cuda13x", "14.1", {}}, {"torch", "2.15.0+cu130", {}}, {"torch", "2.10.0+cu128", {}}};
    EXPECT_THAT(refused(wheels({"cupy-cuda13x"}, "12.8")), HasSubstr("CUDA 13"));
    EXPECT_THAT(solved(wheels({"torch"}, "12.2")), Contains("torch 2.10.0+cu128 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch"}, "13.0")), Contains("torch 2.15.0+cu130 (PyPI)"));
}

TEST_F(CudaSolve, ABuildForTheCpuIsNoAnswerWhereOneForTheGpuRuns) {
    world.releases = {
        {"torch", "2.15.0+cu130", {}}, {"torch", "2.15.0+cpu", {}}, {"torch", "2.10.0+cu128", {}}};
    EXPECT_THAT(solved(wheels({"torch"}, "12.2")), Contains("torch 2.10.0+cu128 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch"}, std::nullopt)), Contains("torch 2.15.0+cpu (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch==2.15.0+cpu"}, "12.2")), Contains("torch 2.15.0+cpu (PyPI)"));
    EXPECT_THAT(refused(wheels({"torch>=2.15"}, "12.2")), HasSubstr("CUDA 13"));
    EXPECT_THAT(solved(wheels({"torch>=2.15"}, "11.8")), Contains("torch 2.15.0+cpu (PyPI)"));  // none runs
}

TEST_F(CudaSolve, AGpuOnlyProjectIsReadByTheExtrasThatNobodyAsked) {
    world.releases = {{"onnxruntime-gpu", "1.31.0", {"nvidia-cublas~=13.0; extra == 'cuda'"}, {"cuda"}},
                      {"onnxruntime-gpu", "1.26.0", {"nvidia-cublas-cu12~=12.0; extra == 'cuda'"}, {"cuda"}},
                      {"onnxruntime-gpu", "1.18.1", {}}};
    EXPECT_THAT(solved(wheels({"onnxruntime-gpu"}, "13.0")), Contains("onnxruntime-gpu 1.31.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"onnxruntime-gpu"}, "12.4")), Contains("onnxruntime-gpu 1.26.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"onnxruntime-gpu"}, "11.8")), Contains("onnxruntime-gpu 1.18.1 (PyPI)"));
}

TEST_F(CudaSolve, ASilentWheelFollowsWhatItsLibrariesLoad) {
    torch_of_both_majors();
    world.releases.push_back({"xformers", "0.0.35", {"torch>=2.10"}});
    world.releases.push_back({"torchaudio", "2.11.0", {}});
    world.releases.push_back({"torchaudio", "2.10.0", {"torch==2.10.0"}});
    EXPECT_THAT(solved(wheels({"xformers", "torch"}, "13.0")), Contains("torch 2.10.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torchaudio", "torch"}, "12.4")), Contains("torchaudio 2.10.0 (PyPI)"));
}

// --- R4

TEST_F(CudaSolve, BindingsFollowTheEnvironmentsMajorAndNeedNot) {
    torch_of_both_majors();
    world.releases.push_back({"flashinfer", "1.0", {"cuda-python>=12.0"}});
    world.releases.push_back({"cuda-python", "13.5.0", {"cuda-bindings~=13.5"}});
    world.releases.push_back({"cuda-python", "12.9.4", {"cuda-bindings~=12.9"}});
    world.releases.push_back({"cuda-bindings", "13.5.0", {}});
    world.releases.push_back({"cuda-bindings", "12.9.4", {}});
    EXPECT_THAT(solved(wheels({"torch", "flashinfer"}, "12.4")),
                IsSupersetOf({"cuda-python 12.9.4 (PyPI)", "cuda-bindings 12.9.4 (PyPI)"}));
    EXPECT_THAT(solved(wheels({"torch", "flashinfer"}, "13.0")), Contains("cuda-bindings 13.5.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch", "cuda-bindings>=13"}, "12.4")),
                IsSupersetOf({"cuda-bindings 13.5.0 (PyPI)", "torch 2.10.0 (PyPI)"}));
    EXPECT_THAT(solved(wheels({"flashinfer"}, "12.4")), Contains("cuda-bindings 12.9.4 (PyPI)"));
}

// --- architectures

TEST_F(CudaSolve, AWheelMustHaveCodeForEveryGpuOfTheFleet) {
    world.releases = {{"torch", "2.15.0", {}}, {"torch", "2.9.0", {}}, {"torch", "2.7.1", {}}};
    EXPECT_THAT(solved(wheels({"torch"}, "13.0", {"9.0"})), Contains("torch 2.15.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch"}, "13.0", {"7.0", "9.0"})), Contains("torch 2.9.0 (PyPI)"));
    EXPECT_THAT(solved(wheels({"torch"}, "12.4", {"6.0", "9.0"})), Contains("torch 2.7.1 (PyPI)"));
    const std::string reason = refused(wheels({"torch==2.7.1"}, "12.8", {"8.6", "12.0"}));
    EXPECT_THAT(reason, HasSubstr("torch 2.7.1 has no code for a GPU of architecture 12.0"));
    expect_golden("cuda/no_gpu_code.txt", reason + "\n");
}

TEST_F(CudaSolve, Cuda13IsRefusedForOldGpusBeforeAnyWheelIsRead) {
    torch_of_both_majors();
    EXPECT_THAT(solved(wheels({"torch"}, "13.0", {"7.0"})), Contains("torch 2.10.0 (PyPI)"));
    EXPECT_THAT(refused(wheels({"nvidia-cuda-runtime"}, "13.0", {"7.0"})),
                HasSubstr("no code for a GPU of architecture 7.0"));
}

TEST_F(CudaSolve, ABoundOnTheArchitectureHoldsForTheWholeFleet) {
    world.records.push_back({"kernels", "2.0", {"__cuda_arch <10"}});
    world.records.push_back({"kernels", "1.0", {"__cuda_arch >=7"}});
    TargetRequest request = records({"kernels"}, "12.8");
    request.target.cuda_arch = {"8.6", "9.0"};
    EXPECT_THAT(solved(request), ElementsAre("kernels 2.0 (conda)"));
    request.target.cuda_arch = {"8.6", "12.0"};  // the virtual package alone says 8.6
    EXPECT_THAT(solved(request), ElementsAre("kernels 1.0 (conda)"));
    world.records.push_back({"guarded", "1.0", {}, {"__cuda_arch <10"}});
    request.conda = toy_request({"guarded"}, {}).conda;
    EXPECT_THAT(refused(request), Not(HasSubstr("solved")));
}

// --- conda

TEST_F(CudaSolve, CondaCarriersNeedTheDriverThatTheirRecordsDoNotName) {
    // The channels `nvidia` and `pytorch` name no `__cuda` anywhere.
    world.records.push_back({"cuda-cudart", "12.4.127", {}});
    world.records.push_back({"cuda-cudart", "11.8.89", {}});
    world.records.push_back(
        {"pytorch", "2.4.1", {"cuda-cudart 12.4.*"}, {}, "py3.12_cuda12.4_cudnn9.1.0_0", 0});
    world.records.push_back(
        {"pytorch", "2.3.0", {"cuda-cudart 11.8.*"}, {}, "py3.12_cuda11.8_cudnn8.7.0_0", 0});
    EXPECT_THAT(solved(records({"pytorch"}, "11.8")), Contains("pytorch 2.3.0 (conda)"));
    EXPECT_THAT(solved(records({"pytorch"}, "12.2")), Contains("pytorch 2.4.1 (conda)"));
}

TEST_F(CudaSolve, ABuildStringMayBeAllThatARecordSays) {
    world.records.push_back({"faiss-gpu", "1.7.4", {}, {}, "py3.12_h0_0_cuda12.1", 0});
    world.records.push_back({"faiss-gpu", "1.7.4", {}, {}, "py3.12_h0_0_cuda11.4", 0});
    Outcome found = outcome(records({"faiss-gpu"}, "11.8"));
    ASSERT_TRUE(std::holds_alternative<Solution>(found)) << std::get<Conflict>(found).explanation();
    EXPECT_EQ(std::get<Solution>(found).packages.front().build, "py3.12_h0_0_cuda11.4");
}

TEST_F(CudaSolve, ConstrainsOnVirtualPackagesBind) {
    world.records.push_back({"cuda-version", "13.0", {}, {"__cuda >=13"}});
    world.records.push_back({"cuda-version", "12.9", {}, {"__cuda >=12"}});
    EXPECT_THAT(solved(records({"cuda-version"}, "12.0")), ElementsAre("cuda-version 12.9 (conda)"));
    EXPECT_THAT(solved(records({"cuda-version"}, "13.0")), ElementsAre("cuda-version 13.0 (conda)"));
}

}  // namespace
}  // namespace aimlock::testing
