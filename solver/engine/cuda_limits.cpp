#include "solver/engine/cuda_limits.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace aimlock::engine {
namespace {

// `nvcc --list-gpu-arch` of 13.0 begins here.
constexpr ComputeCapability first_of_cuda_13{7, 5};

}  // namespace

std::pair<unsigned, unsigned> two_numbers(std::string_view text) {
    std::pair<unsigned, unsigned> numbers;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, numbers.first);
    if (first.ec == std::errc{} && first.ptr != end) std::from_chars(first.ptr + 1, end, numbers.second);
    return numbers;
}

std::optional<ComputeCapability> CudaLimits::gpu_without_code(unsigned major) const {
    if (major < 13) return std::nullopt;
    const auto old = std::ranges::find_if(fleet, [](const auto& gpu) { return gpu < first_of_cuda_13; });
    return old == fleet.end() ? std::nullopt : std::optional(*old);
}

bool CudaLimits::runs(unsigned major) const {
    return driver_major && *driver_major >= major && !gpu_without_code(major);
}

CudaLimits cuda_limits_of(const Target& target) {
    CudaLimits limits;
    limits.mixed = target.cuda_mixed;
    limits.measured_platform = target.platform == "linux-64";
    if (!target.cuda || *target.cuda == "none" || target.cuda->empty()) return limits;
    const auto [major, minor] = two_numbers(*target.cuda);
    if (major == 0) return limits;
    limits.driver_major = major;
    limits.driver_minor = minor;
    for (const std::string& text : target.cuda_arch) {
        const auto [gpu_major, gpu_minor] = two_numbers(text);
        limits.fleet.push_back({gpu_major, gpu_minor});
    }
    std::ranges::sort(limits.fleet);
    return limits;
}

std::string_view oldest_driver_of(unsigned cuda_major) {
    switch (cuda_major) {
        case 11:
            return "450.80.02";
        case 12:
            return "525.60.13";
        case 13:
            return "580";
        default:
            return {};
    }
}

std::pair<unsigned, unsigned> first_toolkit_for(ComputeCapability gpu) {
    if (gpu.major >= 10) return {12, 8};
    if (gpu.major == 9) return {11, 8};
    if (gpu.major == 8) return {11, 0};
    return {0, 0};
}

}  // namespace aimlock::engine
