// Facts that no index states, read once out of the wheels themselves: DT_NEEDED and dlopen strings for the
// CUDA major, fat binaries for the GPUs. Where two measured releases differ, what lies between them gets the
// narrower reading: a GPU build that does not run is worse than an older one that does.
#include "solver/engine/cuda_wheels.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "solver/engine/cuda_major.hpp"

namespace aimlock::engine {
namespace {

constexpr const char* blackwell = "75 80 86 90 100 120";
constexpr const char* all_of_cuda_13 = "75 80 90 100 110 120";

constexpr std::array known{
    KnownWheel{"torch", "2.2", "2.8", 0, false, "50 60 70 75 80 86 90"},
    KnownWheel{"torch", "2.8", "2.11", 0, false, "70 75 80 86 90 100 120"},
    KnownWheel{"torch", "2.11", "", 0, false, blackwell},
    KnownWheel{"torchvision", "0.29.1", "", 13, false, blackwell, "120", "13.0"},
    KnownWheel{"torchaudio", "2.11", "", 13, false, blackwell, "120", "13.0"},
    KnownWheel{"torchcodec", "0.11", "", 13, false, blackwell, "120", "13.0"},  // 0.10.0 loads none
    KnownWheel{"xformers", "0.0.27", "0.0.30", 12, false, "60 70 75 80", "60 80", "12.1"},
    KnownWheel{"xformers", "0.0.30", "0.0.31", 12, false, "60 70 75 80 90", "60 80", "12.6"},
    KnownWheel{"xformers", "0.0.31", "0.0.36", 12, false, "75 80 90", "80", "12.8"},
    // One library for each toolkit from 11.8 to 13.2; it loads the one that torch runs on.
    KnownWheel{"bitsandbytes", "0.50", "", 0, false, "60 70 75 80 86 89 90 100 120", "120"},
    KnownWheel{"sgl-kernel", "", "0.4", 12, false, "80 86 89 90 100 120"},
    KnownWheel{"onnxruntime-gpu", "", "1.19", 11, false, "52 60 61 70 75 80", "52 60 61 70 75 80", "11.8"},
    KnownWheel{"onnxruntime-gpu", "1.19", "1.21", 12, false, "52 60 61 70 75 80", "52 60 61 70 75 80",
               "12.2"},
    KnownWheel{"onnxruntime-gpu", "1.21", "1.27", 0, false, "60 70 75 80 86 90", "90", "12.8"},
    KnownWheel{"onnxruntime-gpu", "1.27", "", 0, false, "75 80 86 89 90 120"},
    KnownWheel{"ctranslate2", "4", "", 12, true, "53 60 61 70 75 80 86", "86", "12.8"},
    KnownWheel{"vllm", "0.11", "0.20", 0, false, "70 75 80 89 90 100 120"},
    KnownWheel{"vllm", "0.20", "", 0, false, "75 80 86 89 90 100 120"},
    KnownWheel{"jax-cuda12-plugin", "0.12", "", 0, false, "50 60 70 80 90 100 101 120", "120"},
    KnownWheel{"jax-cuda13-plugin", "0.10", "", 0, false, all_of_cuda_13, "120"},
    KnownWheel{"cupy-cuda11x", "", "", 0, false, "35 50 60 70 75 80 86 89 90", "90", "11.8"},
    KnownWheel{"cupy-cuda12x", "13.4", "", 0, false, "50 60 70 75 80 86 89 90 100 120", "100"},
    KnownWheel{"cupy-cuda13x", "", "", 0, false, all_of_cuda_13, "120"},
    KnownWheel{"xgboost", "3.1", "3.4", 0, false, "50 60 70 80 90 100 120", "120"},
    KnownWheel{"xgboost", "3.4", "", 0, false, "75 80 90 100 120", "120"},
    KnownWheel{"faiss-gpu", "1.14", "", 0, false, "70 75 80 86 89 90", "90", "12.5"},
    KnownWheel{"faiss-gpu-cu12", "1.10", "", 0, false, "70 80"},
    KnownWheel{"transformer-engine-cu12", "2.20", "", 0, false, "70 80 89 90 100 103 120"},
    KnownWheel{"transformer-engine-cu13", "", "", 0, false, all_of_cuda_13},
    KnownWheel{"nvidia-cublas-cu12", "12.9", "", 0, false, "50 60 70 75 80 86 89 90 100 120", "120", "12.9"},
    // 9.10.2 is what a build with code for 7.0 pins; 9.28 has lost everything below 7.5.
    KnownWheel{"nvidia-cudnn-cu12", "9.11", "", 0, false, "75 80 86 89 90 100 120"},
    KnownWheel{"nvidia-nccl-cu12", "2.32", "", 0, false, "60 70 80 90 100 120", "120", "12.9"},
};

// Builds with a local version: what they have no PTX for, a device of a later generation cannot run.
constexpr std::array<std::string_view, 3> without_ptx{"torch", "torchvision", "torchaudio"};

ComputeCapability capability(std::string_view token) {
    unsigned value = 0;
    std::from_chars(token.data(), token.data() + token.size(), value);
    return {value / 10, value % 10};
}

std::vector<ComputeCapability> capabilities(std::string_view list) {
    std::vector<ComputeCapability> found;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        found.push_back(capability(list.substr(0, end)));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return found;
}

// Code for X.Y runs on X.Z with Z >= Y, and on no other X.
bool runs_cubin(std::string_view cubins, ComputeCapability gpu) {
    return std::ranges::any_of(capabilities(cubins), [&](ComputeCapability code) {
        return code.major == gpu.major && code.minor <= gpu.minor;
    });
}

// PTX runs on every later device, where the driver is not older than the toolkit that wrote it.
bool runs_ptx(const KnownWheel& wheel,
              unsigned wheel_major,
              ComputeCapability gpu,
              const CudaLimits& limits) {
    const bool for_gpu =
        std::ranges::any_of(capabilities(wheel.ptx), [&](ComputeCapability code) { return code <= gpu; });
    if (!for_gpu || !limits.driver_major) return false;
    if (wheel_major != 0 && *limits.driver_major > wheel_major) return true;
    if (wheel.toolkit.empty()) return false;
    return std::pair(*limits.driver_major, limits.driver_minor) >= two_numbers(wheel.toolkit);
}

Pep440Version bound(std::string_view text) {
    return *Pep440Version::parse(std::string(text));
}

bool holds_for(const KnownWheel& wheel, const Pep440Version& version) {
    return (wheel.from.empty() || version >= bound(wheel.from)) &&
           (wheel.until.empty() || version < bound(wheel.until));
}

bool lacks_code(const KnownWheel& wheel, unsigned major, ComputeCapability gpu, const CudaLimits& limits) {
    return !runs_cubin(wheel.cubins, gpu) && !runs_ptx(wheel, major, gpu, limits);
}

unsigned major_of(const KnownWheel& wheel, const Pep440Version& version) {
    return wheel.cuda_major != 0 ? wheel.cuda_major : cuda_major_of(wheel.project, version).value_or(0);
}

// The first release of the project whose code was read, where `version` comes before it; null: it does not.
const KnownWheel* first_known_after(std::string_view project, const Pep440Version& version) {
    if (version.has_local()) return nullptr;
    for (const KnownWheel& wheel : known) {
        if (wheel.project != project || wheel.cubins.empty()) continue;
        return !wheel.from.empty() && version < bound(wheel.from) ? &wheel : nullptr;
    }
    return nullptr;
}

// +cu126 -> 12.6. A toolkit makes code only for the devices that it knows.
std::optional<std::pair<unsigned, unsigned>> local_toolkit(const Pep440Version& version) {
    const std::string local = version.local_text();
    if (!local.starts_with("cu")) return std::nullopt;
    unsigned digits = 0;
    const auto parsed = std::from_chars(local.data() + 2, local.data() + local.size(), digits);
    if (parsed.ec != std::errc{} || digits < 100) return std::nullopt;
    return std::pair(digits / 10, digits % 10);
}

}  // namespace

std::vector<KnownWheel> known_wheels(std::string_view normalized_name, const Pep440Version& version) {
    std::vector<KnownWheel> found;
    if (version.has_local()) return found;
    for (const KnownWheel& wheel : known) {
        if (wheel.project == normalized_name && holds_for(wheel, version)) found.push_back(wheel);
    }
    return found;
}

std::optional<SilentCuda> silent_cuda_of(std::string_view normalized_name, const Pep440Version& version) {
    for (const KnownWheel& wheel : known_wheels(normalized_name, version)) {
        if (wheel.cuda_major != 0) return SilentCuda{wheel.cuda_major, wheel.lazily};
    }
    return std::nullopt;
}

std::optional<ComputeCapability> gpu_not_covered(std::string_view normalized_name,
                                                 const Pep440Version& version,
                                                 const CudaLimits& limits) {
    if (limits.fleet.empty()) return std::nullopt;
    const auto first = [&](auto lacks) -> std::optional<ComputeCapability> {
        const auto found = std::ranges::find_if(limits.fleet, lacks);
        return found == limits.fleet.end() ? std::nullopt : std::optional(*found);
    };
    if (const auto toolkit = local_toolkit(version)) {
        if (!is_build_of_toolkit(normalized_name, version)) return std::nullopt;
        return first([&](ComputeCapability gpu) { return first_toolkit_for(gpu) > *toolkit; });
    }
    if (!limits.measured_platform) return std::nullopt;
    for (const KnownWheel& wheel : known_wheels(normalized_name, version)) {
        if (wheel.cubins.empty()) continue;
        if (const auto gpu =
                first([&](auto g) { return lacks_code(wheel, major_of(wheel, version), g, limits); }))
            return gpu;
    }
    // Of releases before the first that was read: what that one lacks for later GPUs, they lack, too.
    const KnownWheel* const next = first_known_after(normalized_name, version);
    if (next == nullptr) return std::nullopt;
    const ComputeCapability newest = std::ranges::max(capabilities(next->cubins));
    return first([&](ComputeCapability gpu) {
        return gpu > newest && lacks_code(*next, major_of(*next, version), gpu, limits);
    });
}

bool is_build_of_toolkit(std::string_view normalized_name, const Pep440Version& version) {
    return local_toolkit(version) && std::ranges::find(without_ptx, normalized_name) != without_ptx.end();
}

std::string covered_gpus(std::string_view normalized_name, const Pep440Version& version) {
    const auto list = [](const KnownWheel& wheel) {
        std::string text;
        for (const ComputeCapability code : capabilities(wheel.cubins))
            text += (text.empty() ? "" : " ") + code.text();
        return text;
    };
    for (const KnownWheel& wheel : known_wheels(normalized_name, version)) {
        if (!wheel.cubins.empty()) return "it was built for " + list(wheel);
    }
    const KnownWheel* const next = first_known_after(normalized_name, version);
    return next == nullptr ? std::string()
                           : "the newer " + std::string(next->from) + " was built for " + list(*next);
}

}  // namespace aimlock::engine
