#include "solver/engine/cuda_major.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "solver/engine/cuda_extra.hpp"

namespace aimlock::engine {
namespace {

// Libraries of the CUDA toolkit as NVIDIA publishes them. A list and not a glob: nvidia-cutlass-dsl-libs-cu13
// and nvidia-ml-py look alike and carry nothing.
constexpr std::array<std::string_view, 17> carriers{
    "cuda-runtime", "cuda-nvrtc", "cuda-cupti", "cublas", "cufft", "curand",
    "cusolver",     "cusparse",   "nvjitlink",  "cudnn",  "nccl",  "nvshmem",
    "cusparselt",   "cufile",     "npp",        "nvjpeg", "nvtx"};
// Of those, the ones whose own version is the toolkit's.
constexpr std::array<std::string_view, 5> versioned_as_toolkit{"cuda-runtime", "cuda-nvrtc", "cuda-cupti",
                                                               "nvjitlink", "nvtx"};
// Names without a suffix exist since this major.
constexpr unsigned first_unsuffixed = 13;

// Builds that overwrite each other: most files have the same path.
constexpr std::array<std::string_view, 5> shared_paths{"nvidia-cudnn", "nvidia-nccl", "nvidia-nvshmem",
                                                       "cupy", "transformer-engine"};

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_one_of(const auto& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

// "nvidia-cublas-cu12" -> "cublas" and 12; a name without suffix has major 0.
struct NvidiaName {
    std::string_view component;
    unsigned suffix = 0;
};
std::optional<NvidiaName> nvidia_carrier(std::string_view name) {
    constexpr std::string_view owner = "nvidia-";
    if (!name.starts_with(owner)) return std::nullopt;
    name.remove_prefix(owner.size());
    if (is_one_of(carriers, name)) return NvidiaName{name, 0};
    const std::size_t suffix = name.rfind("-cu");
    if (suffix == std::string_view::npos) return std::nullopt;
    const auto major = cuda_major_of_digits(name.substr(suffix + 3));
    if (!major || !is_one_of(carriers, name.substr(0, suffix))) return std::nullopt;
    return NvidiaName{name.substr(0, suffix), *major};
}

std::optional<unsigned> carrier_major(std::string_view name, const Pep440Version& version) {
    if (name == "cuda-toolkit") return static_cast<unsigned>(version.major());
    const auto carrier = nvidia_carrier(name);
    if (!carrier) return std::nullopt;
    if (carrier->suffix != 0) return carrier->suffix;
    if (version.major() == 0) return std::nullopt;  // a placeholder of the time before
    if (!is_one_of(versioned_as_toolkit, carrier->component)) return first_unsuffixed;
    return std::max(first_unsuffixed, static_cast<unsigned>(version.major()));
}

std::optional<unsigned> local_major(const std::string& local) {
    if (!local.starts_with("cu")) return std::nullopt;
    const std::string_view digits = std::string_view(local).substr(2);
    return cuda_major_of_digits(digits.substr(0, digits.find_first_not_of("0123456789")));
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
        if (const auto major = cuda_major_of_digits(digits)) return major;
    }
    return std::nullopt;
}

// The major that a set of bounds leaves: of a pin, or of a lower bound with an upper one within its major.
std::optional<unsigned> major_fixed_by(const SpecifierSet& set) {
    if (const auto pin = set.pinned()) return static_cast<unsigned>(pin->major());
    std::optional<unsigned> only;
    for (unsigned major = 9; major < 30; ++major) {
        const auto lowest = Pep440Version::parse(std::to_string(major) + ".0");
        const auto highest = Pep440Version::parse(std::to_string(major) + ".9999");
        if (!set.contains(*lowest, true) && !set.contains(*highest, true)) continue;
        if (only) return std::nullopt;
        only = major;
    }
    return only;
}

}  // namespace

std::optional<unsigned> cuda_major_of_digits(std::string_view digits) {
    const auto value = number(digits);
    if (!value || digits.size() > 3) return std::nullopt;
    return digits.size() == 3 ? *value / 10 : *value;
}

std::optional<unsigned> cuda_major_asked_by(const Requirement& requirement) {
    if (is_cuda_neutral(requirement.name)) return std::nullopt;
    if (requirement.name == "cuda-toolkit" || follows_cuda_major(requirement.name))
        return major_fixed_by(requirement.specifiers);
    if (const auto carrier = nvidia_carrier(requirement.name))
        return carrier->suffix != 0 ? carrier->suffix : first_unsuffixed;
    if (const auto major = name_major(requirement.name)) return major;
    for (const std::string& extra : requirement.extras) {
        if (const auto major = cuda_major_of_extra(extra)) return major;
    }
    return std::nullopt;
}

std::optional<unsigned> cuda_major_of(std::string_view normalized_name,
                                      const Pep440Version& version,
                                      const RequirementsByUse& requirements) {
    if (is_cuda_neutral(normalized_name)) return std::nullopt;
    if (const auto major = carrier_major(normalized_name, version)) return major;
    const std::string local = version.local_text();
    if (const auto major = local_major(local)) return major;
    if (local.starts_with("cpu")) return std::nullopt;
    if (const auto major = name_major(normalized_name)) return major;
    for (const Requirement& requirement : requirements.always) {
        if (requirement.name != "cuda-toolkit") continue;
        if (const auto major = major_fixed_by(requirement.specifiers)) return major;
    }
    if (!normalized_name.ends_with("-gpu")) return std::nullopt;
    std::optional<unsigned> agreed;
    for (const Requirement& requirement : requirements.of_extras) {
        const auto major = cuda_major_asked_by(requirement);
        if (!major || follows_cuda_major(requirement.name)) continue;
        if (agreed && *agreed != *major) return std::nullopt;
        agreed = major;
    }
    return agreed;
}

bool is_cuda_neutral(std::string_view normalized_name) {
    constexpr std::array<std::string_view, 6> tools{"nvidia-cutlass-dsl",    "nvidia-cuda-nvcc",
                                                    "nvidia-nvdisasm",       "nvidia-cuda-nvdisasm",
                                                    "nvidia-cuda-cuobjdump", "nvidia-ml-py"};
    return std::ranges::any_of(tools,
                               [&](std::string_view tool) { return normalized_name.starts_with(tool); });
}

bool is_cuda_library(std::string_view normalized_name) {
    return nvidia_carrier(normalized_name).has_value();
}

bool loads_cuda_lazily(std::string_view normalized_name) {
    return normalized_name.starts_with("nvidia-nccl");
}

bool is_cuda_placeholder(std::string_view normalized_name, const Pep440Version& version) {
    return version.major() == 0 && version.minor() == 0 && nvidia_carrier(normalized_name).has_value();
}

bool follows_cuda_major(std::string_view normalized_name) {
    return is_one_of(cuda_bindings_names, normalized_name);
}

std::string_view cuda_file_family(std::string_view normalized_name) {
    if (!name_major(normalized_name)) {
        return is_one_of(shared_paths, normalized_name) && normalized_name.starts_with("nvidia-")
                   ? normalized_name
                   : std::string_view{};
    }
    const std::string_view family = normalized_name.substr(0, normalized_name.rfind("-cu"));
    return is_one_of(shared_paths, family) ? family : std::string_view{};
}

}  // namespace aimlock::engine
