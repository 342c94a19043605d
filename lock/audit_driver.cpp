#include <algorithm>
#include <array>
#include <string_view>

#include "lock/audit.hpp"

namespace aimlock {
namespace {

/// The number that `text` begins with, up to five digits; nullopt where it begins with none.
std::optional<unsigned> leading_number(std::string_view text) {
    unsigned value = 0;
    std::size_t digits = 0;
    for (; digits < std::min<std::size_t>(text.size(), 5) && text[digits] >= '0' && text[digits] <= '9';
         ++digits) {
        value = value * 10 + static_cast<unsigned>(text[digits] - '0');
    }
    return digits == 0 ? std::nullopt : std::optional(value);
}

/// `cu12` is 12, `cu126` is 12, `cu118` is 11.
unsigned major_of_suffix(unsigned number) {
    return number >= 100 ? number / 10 : number;
}

/// The libraries whose `-cuNN` names the CUDA that they belong to. A list, not the pattern: compiler
/// back-ends such as nvidia-cutlass-dsl-libs-cu13 stand beside another major without harm.
constexpr std::array<std::string_view, 17> components{
    "cuda-runtime", "cuda-nvrtc", "cuda-cupti", "cublas", "cufft", "curand",
    "cusolver",     "cusparse",   "nvjitlink",  "cudnn",  "nccl",  "nvshmem",
    "cufile",       "cusparselt", "npp",        "nvjpeg", "nvtx"};

}  // namespace

std::optional<unsigned> cuda_major_needed(const Package& package) {
    if (package.kind == PackageKind::conda) {
        const bool names_cuda = package.name == "cuda-version" || package.name == "cudatoolkit";
        return names_cuda ? leading_number(package.version) : std::nullopt;
    }
    if (const std::size_t local = package.version.find("+cu"); local != std::string::npos) {
        if (const auto number = leading_number(std::string_view(package.version).substr(local + 3))) {
            return major_of_suffix(*number);
        }
    }
    if (package.name == "cuda-toolkit") return leading_number(package.version);
    constexpr std::string_view vendor = "nvidia-";
    if (!package.name.starts_with(vendor)) return std::nullopt;
    const std::string_view name = std::string_view(package.name).substr(vendor.size());
    // The unsuffixed names exist since CUDA 13; only these three count their versions as CUDA does.
    if (name == "cuda-runtime" || name == "cuda-nvrtc" || name == "cuda-cupti")
        return leading_number(package.version);
    const std::size_t suffix = name.rfind("-cu");
    if (suffix == std::string_view::npos ||
        std::ranges::find(components, name.substr(0, suffix)) == components.end()) {
        return std::nullopt;
    }
    const auto number = leading_number(name.substr(suffix + 3));
    return number ? std::optional(major_of_suffix(*number)) : std::nullopt;
}

}  // namespace aimlock
