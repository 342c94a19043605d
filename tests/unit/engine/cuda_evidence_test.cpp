#include <gmock/gmock.h>

#include "solver/engine/cuda_conda.hpp"
#include "solver/engine/cuda_extra.hpp"
#include "solver/engine/cuda_limits.hpp"
#include "solver/engine/cuda_major.hpp"
#include "solver/engine/cuda_package.hpp"
#include "solver/engine/cuda_wheels.hpp"

namespace aimlock::engine {
namespace {

Pep440Version version(const char* text) {
    return *Pep440Version::parse(text);
}

Requirement requirement(const char* text) {
    return *Requirement::parse(text);
}

// What a name and version say alone; 0: nothing.
struct Told {
    const char* name;
    const char* project;
    const char* version;
    unsigned major;
    friend void PrintTo(const Told& c, std::ostream* out) { *out << c.project << ' ' << c.version; }
};
class CudaMajorOfAWheel : public ::testing::TestWithParam<Told> {};
TEST_P(CudaMajorOfAWheel, IsReadWithoutTheWheel) {
    EXPECT_EQ(cuda_major_of(GetParam().project, version(GetParam().version)).value_or(0), GetParam().major);
}
INSTANTIATE_TEST_SUITE_P(
    Table,
    CudaMajorOfAWheel,
    ::testing::Values(Told{"r1_runtime", "nvidia-cuda-runtime-cu12", "12.8.90", 12},
                      Told{"r1_own_version_says_nothing", "nvidia-cufft-cu12", "11.3.3.83", 12},
                      Told{"r1_cudnn", "nvidia-cudnn-cu13", "9.28.0", 13},
                      Told{"r1_the_list_not_the_glob", "nvidia-cutlass-dsl-libs-cu13", "4.3.0", 0},
                      Told{"r1_no_carrier_nvcc", "nvidia-cuda-nvcc-cu12", "12.9.86", 0},
                      Told{"r1_no_carrier_ml_py", "nvidia-ml-py", "13.615.71", 0},
                      Told{"r2_unsuffixed_runtime", "nvidia-cuda-runtime", "13.0.48", 13},
                      Told{"r2_cufft_of_cuda_13_is_12", "nvidia-cufft", "12.0.0.61", 13},
                      Told{"r2_curand_of_cuda_13_is_10", "nvidia-curand", "10.4.0.35", 13},
                      Told{"r2_a_later_toolkit", "nvidia-cuda-runtime", "14.0.10", 14},
                      Told{"r2_placeholder", "nvidia-cublas", "0.0.1.dev5", 0},
                      Told{"r3_toolkit", "cuda-toolkit", "13.0.3.0", 13},
                      Told{"r4_bindings_are_weak", "cuda-bindings", "13.5.0", 0},
                      Told{"r6_cupy", "cupy-cuda13x", "14.1.0", 13},
                      Told{"r6_three_digits", "nvidia-dali-cuda120", "1.50", 12},
                      Told{"r6_middle", "jax-cuda12-plugin", "0.12.0.1", 12},
                      Told{"r6_end", "transformer-engine-cu13", "2.20.2", 13},
                      Told{"r6_eleven", "faiss-gpu-cu11", "1.9", 11},
                      Told{"r6_no_number", "numba-cuda", "0.20", 0},
                      Told{"r7_local", "torch", "2.7.0+cu126", 12},
                      Told{"r7_local_eleven", "torch", "2.7.0+cu118", 11},
                      Told{"r7_cpu", "torch", "2.7.0+cpu", 0},
                      Told{"plain", "numpy", "2.4.1", 0}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(CudaMajorOfAWheel, OfAGpuOnlyProjectIsThatOfTheExtrasThatNobodyAsked) {
    RequirementsByUse use;
    use.of_extras = {requirement("nvidia-cuda-nvrtc-cu12~=12.0; extra == 'cuda'"),
                     requirement("nvidia-cudnn-cu12~=9.0; extra == 'cudnn'")};
    EXPECT_EQ(cuda_major_of("onnxruntime-gpu", version("1.26.0"), use), 12U);
    EXPECT_EQ(cuda_major_of("tensorflow", version("2.21.0"), use), std::nullopt)
        << "without and-cuda it is a valid CPU install";
    use.of_extras.push_back(requirement("nvidia-cudnn-cu13; extra == 'next'"));
    EXPECT_EQ(cuda_major_of("onnxruntime-gpu", version("1.26.0"), use), std::nullopt);
}

TEST(CudaMajorOfAWheel, IsFixedByABoundOnTheToolkit) {
    RequirementsByUse use;
    use.always = {requirement("cuda-toolkit[cudart]==12.*")};
    EXPECT_EQ(cuda_major_of("cudf", version("26.10"), use), 12U);
    use.always = {requirement("cuda-toolkit[cudart]==13.0.3")};
    EXPECT_EQ(cuda_major_of("torch", version("2.11.0"), use), 13U);
    use.always = {requirement("cuda-toolkit>=12")};
    EXPECT_EQ(cuda_major_of("cudf", version("26.10"), use), std::nullopt);
}

struct Extra {
    const char* name;
    unsigned major;
    bool cuda;
    friend void PrintTo(const Extra& c, std::ostream* out) { *out << c.name; }
};
class CudaMajorOfAnExtra : public ::testing::TestWithParam<Extra> {};
TEST_P(CudaMajorOfAnExtra, IsWhatItsNameAsksFor) {
    EXPECT_EQ(cuda_major_of_extra(GetParam().name).value_or(0), GetParam().major);
    EXPECT_EQ(asks_for_cuda(GetParam().name), GetParam().cuda);
}
INSTANTIATE_TEST_SUITE_P(Table,
                         CudaMajorOfAnExtra,
                         ::testing::Values(Extra{"cuda12", 12, true},
                                           Extra{"cuda13", 13, true},
                                           Extra{"cu12", 12, true},
                                           Extra{"core-cu13", 13, true},
                                           Extra{"cuda12-local", 12, true},
                                           Extra{"cuda118", 11, true},
                                           Extra{"cuda", 0, true},
                                           Extra{"and-cuda", 0, true},
                                           Extra{"ctk", 0, true},
                                           Extra{"accu12", 0, false},
                                           Extra{"torch", 0, false}));

TEST(CudaMajorOfAnExtra, IsAPromiseThatAReleaseMayNotKeep) {
    const std::vector<Requirement> hollow{requirement("jaxlib<=0.7.0,>=0.7.0; extra == 'cuda13'")};
    EXPECT_FALSE(keeps_cuda_promise("cuda13", hollow));
    const std::vector<Requirement> kept{requirement("jax-cuda13-plugin[with-cuda]; extra == 'cuda13'")};
    EXPECT_TRUE(keeps_cuda_promise("cuda13", kept));
    EXPECT_FALSE(keeps_cuda_promise("cuda12", kept));
    const std::vector<Requirement> bindings{requirement("cuda-bindings>=12.9.1,<13; extra == 'cu12'")};
    EXPECT_TRUE(keeps_cuda_promise("cu12", bindings));
    EXPECT_TRUE(keeps_cuda_promise("fast", {}));
}

TEST(CudaPlaceholders, AreCarriersBelowVersionNullPointOne) {
    EXPECT_TRUE(is_cuda_placeholder("nvidia-cuda-runtime-cu13", version("0.0.0a0")));
    EXPECT_TRUE(is_cuda_placeholder("nvidia-cublas", version("0.0.1.dev5")));
    EXPECT_TRUE(is_cuda_placeholder("nvidia-cuda-runtime-cu13", version("0.0.1")));
    EXPECT_FALSE(is_cuda_placeholder("nvidia-cuda-runtime", version("13.0.48")));
    EXPECT_FALSE(is_cuda_placeholder("left-pad", version("0.0.1")));
}

TEST(CudaFileFamilies, AreTheNamesThatOverwriteEachOther) {
    EXPECT_EQ(cuda_file_family("nvidia-cudnn-cu12"), "nvidia-cudnn");
    EXPECT_EQ(cuda_file_family("nvidia-nccl-cu13"), "nvidia-nccl");
    EXPECT_EQ(cuda_file_family("nvidia-nvshmem"), "nvidia-nvshmem");
    EXPECT_EQ(cuda_file_family("cupy-cuda12x"), "cupy");
    EXPECT_EQ(cuda_file_family("transformer-engine-cu13"), "transformer-engine");
    EXPECT_EQ(cuda_file_family("nvidia-cublas-cu12"), "");
    EXPECT_EQ(cuda_file_family("cupy"), "");
}

struct Record {
    const char* name;
    const char* record;
    const char* version;
    const char* build;
    unsigned major;
    friend void PrintTo(const Record& c, std::ostream* out) { *out << c.record << ' ' << c.build; }
};
class CudaMajorOfARecord : public ::testing::TestWithParam<Record> {};
TEST_P(CudaMajorOfARecord, IsThatOfItsVersionOrItsBuild) {
    const Record& c = GetParam();
    EXPECT_EQ(cuda_major_of_record(c.record, c.version, c.build).value_or(0), c.major);
}
INSTANTIATE_TEST_SUITE_P(
    Table,
    CudaMajorOfARecord,
    ::testing::Values(Record{"cuda_version", "cuda-version", "12.9", "h4f385c5_3", 12},
                      Record{"cudatoolkit", "cudatoolkit", "11.8.0", "h6a678d5_0", 11},
                      Record{"cudart_of_nvidia", "cuda-cudart", "12.4.127", "0", 12},
                      Record{"pytorch_cuda", "pytorch-cuda", "12.4", "hc786d27_7", 12},
                      Record{"pytorch_channel", "pytorch", "2.4.1", "py3.12_cuda12.4_cudnn9.1.0_0", 12},
                      Record{"forge_gpu", "pytorch", "2.10.0", "cuda129_mkl_py313_h0_300", 12},
                      Record{"forge_gpu_13", "pytorch-gpu", "2.10.0", "cuda130_generic_h63a1e35_203", 13},
                      Record{"rapids", "libcudf", "25.06", "cuda12_250605_84c43507", 12},
                      Record{"at_the_end", "faiss-gpu", "1.7.1", "py3.6_h293177f_1_cuda11.0", 11},
                      Record{"old_two_digits", "x", "1", "py27_cuda92_1", 9},
                      Record{"old_patch", "pytorch", "1.5.1", "py3.5_cuda10.2.89_cudnn7.6.5_0", 10},
                      Record{"xformers_channel", "xformers", "0.0.20", "py310_cu11.8.0_pyt2.0.1", 11},
                      Record{"cpu", "pytorch", "2.10.0", "cpu_mkl_py313_h0_100", 0},
                      Record{"cpu_by_name", "faiss-cpu", "1.2.1", "py27_cuda8.0.61_1", 0},
                      Record{"no_cuda_in_a_word", "x", "1", "pycuda1_0", 0},
                      Record{"cudnn_number", "x", "1", "cudnn9.1.0_0", 0}),
    [](const auto& test) { return std::string(test.param.name); });

Target target(const char* cuda, std::vector<std::string> archs = {}) {
    Target made;
    made.cuda = cuda;
    made.cuda_arch = std::move(archs);
    return made;
}

TEST(CudaLimits, FloorsGoByMajorAndNotByMinor) {
    const CudaLimits limits = cuda_limits_of(target("12.0"));
    EXPECT_TRUE(limits.runs(12));  // a wheel of 12.9 runs on a 12.0 driver
    EXPECT_TRUE(limits.runs(11));  // older CUDA on a newer driver always runs
    EXPECT_FALSE(limits.runs(13));
    EXPECT_FALSE(cuda_limits_of(target("none")).runs(11));
    EXPECT_FALSE(cuda_limits_of(Target{}).runs(11));
}

TEST(CudaLimits, Cuda13HasNoCodeBelow75WithoutReadingAnything) {
    EXPECT_FALSE(cuda_limits_of(target("13.0", {"9.0", "7.0"})).runs(13));
    EXPECT_TRUE(cuda_limits_of(target("13.0", {"9.0", "7.0"})).runs(12));
    EXPECT_TRUE(cuda_limits_of(target("13.0", {"7.5"})).runs(13));
}

struct Coverage {
    const char* name;
    const char* project;
    const char* version;
    const char* driver;
    std::vector<std::string> fleet;
    const char* lacking;  // "" where all are covered
    friend void PrintTo(const Coverage& c, std::ostream* out) { *out << c.project << ' ' << c.version; }
};
class CodeForTheFleet : public ::testing::TestWithParam<Coverage> {};
TEST_P(CodeForTheFleet, IsWhatTheWheelWasBuiltFor) {
    const Coverage& c = GetParam();
    const auto gpu =
        gpu_not_covered(c.project, version(c.version), cuda_limits_of(target(c.driver, c.fleet)));
    EXPECT_EQ(gpu ? gpu->text() : "", c.lacking);
}
INSTANTIATE_TEST_SUITE_P(
    Table,
    CodeForTheFleet,
    ::testing::Values(
        Coverage{"ada_runs_code_for_86", "torch", "2.7.1", "12.8", {"8.9"}, ""},
        Coverage{"no_blackwell_before_2_8", "torch", "2.7.1", "12.8", {"8.6", "12.0"}, "12.0"},
        Coverage{"blackwell_since_2_8", "torch", "2.8.0", "12.8", {"8.6", "12.0", "12.1"}, ""},
        Coverage{"pascal_until_2_7", "torch", "2.8.0", "12.8", {"6.0"}, "6.0"},
        Coverage{"volta_until_2_10", "torch", "2.11.0", "13.0", {"7.0"}, "7.0"},
        Coverage{"another_major_is_another_device", "onnxruntime-gpu", "1.31.1", "13.0", {"10.0"}, "10.0"},
        Coverage{"local_cu118_beats_the_release", "torch", "2.7.0+cu118", "12.8", {"12.0"}, "12.0"},
        Coverage{"local_cu128", "torch", "2.7.0+cu128", "12.8", {"12.0"}, ""},
        Coverage{"ptx_of_an_older_toolkit", "xformers", "0.0.27", "12.8", {"9.0"}, ""},
        Coverage{"ptx_of_a_newer_toolkit", "xformers", "0.0.31", "12.4", {"8.6"}, ""},
        Coverage{"ptx_needs_the_driver", "xformers", "0.0.31", "12.4", {"12.0"}, "12.0"},
        Coverage{"ptx_with_the_driver", "xformers", "0.0.31", "12.8", {"12.0"}, ""},
        Coverage{"ptx_on_the_next_major", "cupy-cuda12x", "13.6.0", "13.0", {"11.0"}, ""},
        Coverage{"cudnn_is_the_hidden_limit", "nvidia-cudnn-cu12", "9.28.0.1", "12.8", {"7.0"}, "7.0"},
        Coverage{"cudnn_that_torch_pins", "nvidia-cudnn-cu12", "9.10.2.21", "12.8", {"7.0"}, ""},
        Coverage{"not_measured", "left-pad", "1.0", "12.8", {"5.0"}, ""},
        Coverage{"no_fleet_no_constraint", "torch", "2.15.0", "13.0", {}, ""}),
    [](const auto& test) { return std::string(test.param.name); });

// What was read of each wheel, against one GPU of each generation: which of them it may be chosen for.
struct Measured {
    const char* project;
    const char* version;
    const char* driver;
    const char* runs;
    friend void PrintTo(const Measured& c, std::ostream* out) {
        *out << c.project << ' ' << c.version << " on " << c.driver;
    }
};
class MeasuredWheel : public ::testing::TestWithParam<Measured> {};
TEST_P(MeasuredWheel, RunsOnTheseGpusOnly) {
    const Measured& c = GetParam();
    std::string runs;
    for (const char* gpu : {"6.1", "7.0", "7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0"}) {
        const CudaLimits limits = cuda_limits_of(target(c.driver, {gpu}));
        const auto silent = silent_cuda_of(c.project, version(c.version));
        const auto major = silent ? silent->major : cuda_major_of(c.project, version(c.version)).value_or(0);
        if (major != 0 && !limits.runs(major)) continue;
        if (!gpu_not_covered(c.project, version(c.version), limits))
            runs += (runs.empty() ? "" : " ") + std::string(gpu);
    }
    EXPECT_EQ(runs, c.runs);
}
constexpr const char* all = "6.1 7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0";
constexpr const char* to_90 = "6.1 7.0 7.5 8.0 8.6 8.9 9.0";
constexpr const char* from_70 = "7.0 7.5 8.0 8.6 8.9 9.0 10.0 12.0";
constexpr const char* from_75 = "7.5 8.0 8.6 8.9 9.0 10.0 12.0";
INSTANTIATE_TEST_SUITE_P(
    Table,
    MeasuredWheel,
    ::testing::Values(Measured{"torch", "2.1.2", "12.9", to_90},  // older than the first that was read
                      Measured{"torch", "2.2.0", "12.9", to_90},
                      Measured{"torch", "2.7.1", "12.9", to_90},
                      Measured{"torch", "2.8.0", "12.9", from_70},
                      Measured{"torch", "2.10.0", "12.9", from_70},
                      Measured{"torch", "2.11.0", "13.2", from_75},
                      Measured{"torch", "2.15.0", "13.2", from_75},
                      Measured{"torchvision", "0.29.2", "13.2", from_75},
                      Measured{"torchaudio", "2.11.0", "13.2", from_75},
                      Measured{"xformers", "0.0.27", "12.9", all},
                      Measured{"xformers", "0.0.27", "12.0", "6.1 7.0 7.5 8.0 8.6 8.9"},
                      Measured{"xformers", "0.0.30", "12.9", all},
                      Measured{"xformers", "0.0.30", "12.4", to_90},
                      Measured{"xformers", "0.0.35", "12.9", from_75},
                      Measured{"xformers", "0.0.35", "12.4", "7.5 8.0 8.6 8.9 9.0"},
                      Measured{"bitsandbytes", "0.50.2", "13.2", all},
                      Measured{"vllm", "0.11.0", "12.9", from_70},
                      Measured{"vllm", "0.19.1", "12.9", from_70},
                      Measured{"vllm", "0.33.0", "13.2", from_75},
                      Measured{"onnxruntime-gpu", "1.18.1", "12.9", all},
                      Measured{"onnxruntime-gpu", "1.20.0", "12.2", all},
                      Measured{"onnxruntime-gpu", "1.20.0", "12.0", "6.1 7.0 7.5 8.0 8.6 8.9"},
                      Measured{"onnxruntime-gpu", "1.26.0", "12.9", all},
                      Measured{"onnxruntime-gpu", "1.26.0", "12.6", to_90},
                      Measured{"onnxruntime-gpu", "1.31.1", "13.2", "7.5 8.0 8.6 8.9 9.0 12.0"},
                      Measured{"jax-cuda12-plugin", "0.12.0.1", "12.9", all},
                      Measured{"jax-cuda13-plugin", "0.12.0.1", "13.2", from_75},
                      Measured{"cupy-cuda11x", "13.6.0", "12.9", all},
                      Measured{"cupy-cuda12x", "13.6.0", "12.9", all},
                      Measured{"cupy-cuda13x", "14.1.0", "13.2", from_75},
                      Measured{"xgboost", "3.2.0", "12.9", all},
                      Measured{"xgboost", "3.4.1", "13.2", from_75},
                      Measured{"ctranslate2", "4.8.5", "12.8", all},
                      Measured{"ctranslate2", "4.8.5", "12.6", "6.1 7.0 7.5 8.0 8.6 8.9"},
                      Measured{"faiss-gpu", "1.14.3", "12.9", from_70},
                      Measured{"faiss-gpu", "1.15.1", "12.4", "7.0 7.5 8.0 8.6 8.9 9.0"},
                      Measured{"torchcodec", "0.17.0", "13.2", from_75},
                      Measured{"faiss-gpu-cu12", "1.14.1.post1", "12.9", "7.0 7.5 8.0 8.6 8.9"},
                      Measured{"faiss-gpu-cu12", "1.13.2", "12.9", "7.0 7.5 8.0 8.6 8.9"},
                      Measured{"faiss-gpu-cu12", "1.9.0", "12.9", "6.1 7.0 7.5 8.0 8.6 8.9"},
                      Measured{"sgl-kernel", "0.3.21", "12.9", "8.0 8.6 8.9 9.0 10.0 12.0"},
                      Measured{"transformer-engine-cu12", "2.20.2", "12.9", from_70},
                      Measured{"transformer-engine-cu13", "2.20.2", "13.2", from_75},
                      Measured{"nvidia-cublas-cu12", "12.9.1.4", "12.9", all},
                      Measured{"nvidia-cublas", "13.10.0", "13.2", from_75},
                      Measured{"nvidia-cudnn-cu12", "9.28.0.1", "12.9", from_75},
                      Measured{"nvidia-cudnn-cu13", "9.28.0.1", "13.2", from_75},
                      Measured{"nvidia-nccl-cu12", "2.32.3", "12.9", all},
                      Measured{"nvidia-nccl-cu13", "2.32.3", "13.2", from_75}));

TEST(CodeForTheFleet, IsKnownForLinuxOnIntelOnly) {
    Target arm = target("12.8", {"12.0"});
    arm.platform = "linux-aarch64";
    EXPECT_EQ(gpu_not_covered("torch", version("2.7.1"), cuda_limits_of(arm)), std::nullopt);
}

TEST(OldestCudaFor, IsTheHighestMajorOrBound) {
    const auto wheel = [](const char* name, const char* text) {
        Package package;
        package.kind = PackageKind::pypi;
        package.name = name;
        package.version = text;
        return package;
    };
    Package record;
    record.name = "cuda-version";
    record.version = "12.9";
    record.constrains = {"cudatoolkit 12.9|12.9.*", "__cuda >=12.4"};
    const Package old = wheel("nvidia-cublas-cu11", "11.11.3.6");
    const Package unsuffixed = wheel("nvidia-cufft", "12.0.0.61");
    using List = std::vector<const Package*>;
    EXPECT_EQ(oldest_cuda_for(List{&old}), std::pair(11U, 0U));
    EXPECT_EQ(oldest_cuda_for(List{&old, &record}), std::pair(12U, 4U));
    EXPECT_EQ(oldest_cuda_for(List{&record, &unsuffixed}), std::pair(13U, 0U));
    record.constrains = {"__cuda_arch >=99", "__cuda >=", "__cuda", "__cuda <13"};
    EXPECT_EQ(oldest_cuda_for(List{&record}), std::pair(12U, 0U));
    EXPECT_EQ(oldest_cuda_for(List{}), std::pair(0U, 0U));
}

TEST(SilentWheels, AreKnownByWhatTheirLibrariesLoad) {
    EXPECT_EQ(silent_cuda_of("torchaudio", version("2.11.0"))->major, 13U);
    EXPECT_FALSE(silent_cuda_of("torchaudio", version("2.10.0")));  // it pins torch
    EXPECT_EQ(silent_cuda_of("torchvision", version("0.29.2"))->major, 13U);
    EXPECT_EQ(silent_cuda_of("torchcodec", version("0.17.0"))->major, 13U);
    EXPECT_FALSE(silent_cuda_of("torchcodec", version("0.10.0")));
    EXPECT_EQ(silent_cuda_of("xformers", version("0.0.35"))->major, 12U);
    EXPECT_EQ(silent_cuda_of("sgl-kernel", version("0.3.21"))->major, 12U);
    EXPECT_EQ(silent_cuda_of("onnxruntime-gpu", version("1.18.1"))->major, 11U);
    EXPECT_EQ(silent_cuda_of("onnxruntime-gpu", version("1.20.0"))->major, 12U);
    EXPECT_TRUE(silent_cuda_of("ctranslate2", version("4.8.5"))->lazily);
    EXPECT_FALSE(silent_cuda_of("bitsandbytes", version("0.50.2")));  // one wheel for all majors
    EXPECT_FALSE(silent_cuda_of("torchaudio", version("2.11.0+cpu")));
}

}  // namespace
}  // namespace aimlock::engine
