#include "solver/engine/cuda_major.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace aimlock::engine {
namespace {

// Libraries of the CUDA toolkit as NVIDIA publishes them. A list and not a glob: nvidia-cutlass-dsl-libs-cu13
// and nvidia-ml-py look alike and carry nothing.
constexpr std::array<std::string_view, 17> carriers{
    "cuda-runtime", "cuda-nvrtc", "cuda-cupti", "cublas", "cufft", "curand",
    "cusolver",     "cusparse",   "nvjitlink",  "cudnn",  "nccl",  "nvshmem",
    "cusparselt",   "cufile",     "npp",        "nvjpeg", "nvtx"};

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "12" -> 12, "126" -> 12, "118" -> 11.
std::optional<unsigned> major_of_digits(std::string_view digits) {
    const auto value = number(digits);
    if (!value || digits.size() > 3) return std::nullopt;
    return digits.size() == 3 ? *value / 10 : *value;
}

std::optional<unsigned> carrier_major(std::string_view name, const Pep440Version& version) {
    if (name == "cuda-toolkit") return static_cast<unsigned>(version.major());
    constexpr std::string_view owner = "nvidia-";
    if (!name.starts_with(owner)) return std::nullopt;
    name.remove_prefix(owner.size());
    const std::size_t suffix = name.rfind("-cu");
    if (suffix != std::string_view::npos) {
        const auto major = major_of_digits(name.substr(suffix + 3));
        if (major && std::ranges::find(carriers, name.substr(0, suffix)) != carriers.end()) return major;
    }
    // Names without a suffix exist since CUDA 13; earlier uploads under them are placeholders.
    if (std::ranges::find(carriers, name) != carriers.end() && version.major() > 0) return 13U;
    return std::nullopt;
}

std::optional<unsigned> local_major(const Pep440Version& version) {
    const std::string local = version.local_text();
    if (!local.starts_with("cu")) return std::nullopt;
    const std::string_view digits = std::string_view(local).substr(2);
    return major_of_digits(digits.substr(0, digits.find_first_not_of("0123456789")));
}

// cupy-cuda12x, nvidia-dali-cuda120, jax-cuda12-plugin, transformer-engine-cu13: part of any project's name.
std::optional<unsigned> name_major(std::string_view name) {
    for (const std::string_view mark : {std::string_view("-cuda"), std::string_view("-cu")}) {
        const std::size_t at = name.rfind(mark);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = name.substr(at + mark.size());
        const std::string_view digits = rest.substr(0, rest.find_first_not_of("0123456789"));
        const std::string_view after = rest.substr(digits.size());
        if (digits.size() < 2 || !(after.empty() || after == "x" || after.starts_with('-'))) continue;
        if (const auto major = major_of_digits(digits)) return major;
    }
    return std::nullopt;
}

// Tools that come in a build per CUDA major and install beside each other.
bool is_neutral(std::string_view name) {
    return name.starts_with("nvidia-cutlass-dsl") || name.starts_with("nvidia-cuda-nvcc") ||
           name.starts_with("nvidia-nvdisasm") || name.starts_with("nvidia-cuda-cuobjdump");
}

}  // namespace

std::optional<unsigned> cuda_major_of(std::string_view normalized_name,
                                      const Pep440Version& version,
                                      const std::vector<Requirement>& unconditional_requirements) {
    if (is_neutral(normalized_name)) return std::nullopt;
    if (const auto major = carrier_major(normalized_name, version)) return major;
    if (const auto major = local_major(version)) return major;
    if (const auto major = name_major(normalized_name)) return major;
    for (const Requirement& requirement : unconditional_requirements) {
        if (requirement.name != "cuda-toolkit") continue;
        if (const auto pin = requirement.specifiers.pinned()) return static_cast<unsigned>(pin->major());
    }
    return std::nullopt;
}

bool loads_cuda_lazily(std::string_view normalized_name) {
    return normalized_name.starts_with("nvidia-nccl");
}

bool is_cuda_placeholder(std::string_view normalized_name, const Pep440Version& version) {
    constexpr std::string_view owner = "nvidia-";
    if (version.major() != 0 || version.minor() != 0 || !normalized_name.starts_with(owner)) return false;
    std::string_view name = normalized_name.substr(owner.size());
    name = name.substr(0, name.rfind("-cu1"));
    return std::ranges::find(carriers, name) != carriers.end();
}

}  // namespace aimlock::engine
