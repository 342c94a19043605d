#include "image/base_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "image/image_facts.hpp"
#include "solver/engine/cuda_base_image.hpp"
#include "solver/engine/cuda_image_tags.hpp"

namespace aimlock {
namespace {

/// CUDA's libraries, as both worlds' names contain them: libcublas, nvidia-cublas-cu12, cuda-cudart.
constexpr std::array<std::string_view, 10> libraries{"cublas",   "cufft",    "curand", "cusolver",
                                                     "cusparse", "cudnn",    "nccl",   "cuda-runtime",
                                                     "nvrtc",    "nvjitlink"};

/// The library that a package is; empty: none.
std::string_view library_of(const Package& package) {
    const std::string& name = package.name;
    if (package.kind == PackageKind::conda) {
        if (name == "cudatoolkit") return "cublas";
        if (name == "cuda-cudart") return "cuda-runtime";
        // Headers, static archives and Python bindings are no copy.
        if (name.ends_with("-dev") || name.ends_with("-static") || name.starts_with("py")) return {};
    } else if (!name.starts_with("nvidia-")) {
        return {};
    }
    const auto found = std::ranges::find_if(
        libraries, [&](std::string_view library) { return name.find(library) != std::string::npos; });
    return found == libraries.end() ? std::string_view{} : *found;
}

std::string size_words(std::uint64_t bytes) {
    constexpr double mebibyte = 1 << 20;
    const double size = static_cast<double>(bytes) / mebibyte;
    if (size < 1) return fmt::format("{} KiB", bytes / 1024);
    return size < 1024 ? fmt::format("{:.0f} MiB", size) : fmt::format("{:.1f} GiB", size / 1024);
}

std::string tag_of(const std::string& reference) {
    const std::string name = reference.substr(0, reference.find('@'));
    const std::size_t colon = name.rfind(':');
    if (colon == std::string::npos || name.find('/', colon) != std::string::npos) return {};
    return name.substr(colon + 1);
}

/// The tag's version and the rest of it: {"12.4", "-runtime-ubuntu22.04"}.
std::pair<std::string, std::string> split_tag(const std::string& tag) {
    const std::size_t end = std::min(tag.find('-'), tag.size());
    return {tag.substr(0, end), tag.substr(end)};
}

std::string with_tag(const std::string& reference, const std::string& tag) {
    const std::string name = reference.substr(0, reference.find('@'));
    return fmt::format("{}:{}", name.substr(0, name.rfind(':')), tag);
}

Result<void> check_digest(const std::string& reference) {
    const std::size_t at = reference.find('@');
    if (at == std::string::npos) return {};
    constexpr std::string_view kind = "@sha256:";
    if (std::string_view(reference).substr(at).starts_with(kind) &&
        Sha256::from_hex(std::string_view(reference).substr(at + kind.size())))
        return {};
    return fail(ErrorCode::refused, fmt::format("`{}` ends in no digest", reference),
                "write the base as name:tag@sha256:… with 64 digits");
}

Result<void> check_patch(const std::string& reference, const BaseImage& base) {
    const auto dots = std::ranges::count(base.cuda, '.');
    if (!base.is_nvidias || base.cuda.empty() || dots >= 2 || reference.find('@') != std::string::npos)
        return {};
    const auto [version, rest] = split_tag(tag_of(reference));
    const CudaImageTag known = cuda_image_tag(version);
    return fail(ErrorCode::refused,
                fmt::format("there is no image `{}`: tags name the patch release", reference),
                known.newest.empty()
                    ? std::string("write the patch release into the tag, as in 12.4.1")
                    : fmt::format("write `base = \"{}\"`", with_tag(reference, known.newest + rest)));
}

/// What is known of the tag's future.
std::string tag_warning(const std::string& reference, const BaseImage& base) {
    using State = CudaImageTag::State;
    const CudaImageTag known = cuda_image_tag(base.cuda);
    const bool pinned = reference.find('@') != std::string::npos;
    switch (known.state) {
        case State::deleted:
            return fmt::format("the base `{}` was deleted from NVIDIA's registry: {}", reference,
                               known.newest.empty() ? "take CUDA 12 or newer" : "take " + known.newest);
        case State::ended:
            return fmt::format(
                "the base `{}` is of a CUDA release whose support has ended: its tags are deleted six months "
                "later{}, keep a copy in a registry of your own",
                reference, pinned ? ", the digest with them" : "");
        case State::superseded:
            return fmt::format(
                "the base `{}` is not updated any more and may be deleted: {} is the newest patch", reference,
                known.newest);
        case State::current:
        case State::unknown:
            break;
    }
    return {};
}

std::string copies_warning(const std::string& reference, const BaseImage& base, const CudaCopies& copies) {
    const bool in_base = base.has_libraries;
    const int count = (in_base ? 1 : 0) + (copies.conda.empty() ? 0 : 1) + (copies.wheels.empty() ? 0 : 1);
    if (count < 2 || (!in_base && !copies.overlap)) return {};
    std::vector<std::string> places;
    if (in_base) places.push_back(fmt::format("the base `{}`", reference));
    if (!copies.conda.empty())
        places.push_back(
            fmt::format("conda ({}: {})", size_words(copies.conda_bytes), fmt::join(copies.conda, ", ")));
    if (!copies.wheels.empty())
        places.push_back(
            fmt::format("wheels ({}: {})", size_words(copies.wheel_bytes), fmt::join(copies.wheels, ", ")));
    std::string text = fmt::format("CUDA's libraries come from {}", fmt::join(places, " and from "));
    if (const std::string smaller = smaller_cuda_base(reference, base.cuda); in_base && !smaller.empty())
        return text + fmt::format(": take the base `{}`, which is one copy smaller", smaller);
    if (in_base) return text + ": a base without them is one copy smaller";
    return text + fmt::format(": what needs the wheels may exist in conda, {} would go",
                              size_words(copies.wheel_bytes));
}

}  // namespace

CudaCopies cuda_copies(const Lock& lock, const std::string& target) {
    CudaCopies copies;
    std::map<std::string_view, int> worlds;  // library -> bit 1 conda, bit 2 wheels
    for (const Package* package : lock.packages_of(target)) {
        const std::string_view library = library_of(*package);
        if (library.empty()) continue;
        const bool conda = package->kind == PackageKind::conda;
        (conda ? copies.conda : copies.wheels).push_back(package->name);
        (conda ? copies.conda_bytes : copies.wheel_bytes) += package->size_bytes;
        worlds[library] |= conda ? 1 : 2;
    }
    std::ranges::sort(copies.conda);
    std::ranges::sort(copies.wheels);
    copies.overlap = std::ranges::any_of(worlds, [](const auto& entry) { return entry.second == 3; });
    return copies;
}

std::string smaller_cuda_base(const std::string& reference, const std::string& version) {
    const std::string rest = split_tag(tag_of(reference)).second;
    const std::size_t system = rest.rfind('-');
    const BaseImage base = read_base_image(reference);
    if (!base.is_nvidias || !base.has_libraries || system == std::string::npos || system == 0) return {};
    return with_tag(reference, fmt::format("{}-base{}", version, rest.substr(system)));
}

Result<std::vector<std::string>> check_base(const Lock& lock,
                                            const LayerPlan& plan,
                                            const ImageManifest& image) {
    std::vector<std::string> warnings;
    const std::string reference = base_reference(lock, image);
    const BaseImage base = read_base_image(reference);
    auto valid = check_digest(reference);
    if (valid) valid = check_patch(reference, base);
    if (!valid) return tl::make_unexpected(valid.error());
    const auto warn = [&](std::string text) {
        if (!text.empty()) warnings.push_back(std::move(text));
    };
    if (base.is_nvidias) warn(tag_warning(reference, base));
    warn(copies_warning(reference, base, cuda_copies(lock, plan.target)));
    return warnings;
}

}  // namespace aimlock
