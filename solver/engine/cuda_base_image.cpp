#include "solver/engine/cuda_base_image.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "solver/engine/cuda_image_tags.hpp"
#include "solver/engine/cuda_limits.hpp"
#include "solver/engine/cuda_major.hpp"
#include "solver/engine/cuda_package.hpp"
#include "solver/version/conda_version.hpp"

namespace aimlock {
namespace {

struct Distribution {
    std::string_view mark;
    std::string_view glibc;
};
constexpr std::array<Distribution, 16> distributions{{{"ubuntu18.04", "2.27"},
                                                      {"ubuntu20.04", "2.31"},
                                                      {"ubuntu22.04", "2.35"},
                                                      {"ubuntu24.04", "2.39"},
                                                      {"ubuntu:18.04", "2.27"},
                                                      {"ubuntu:20.04", "2.31"},
                                                      {"ubuntu:22.04", "2.35"},
                                                      {"ubuntu:24.04", "2.39"},
                                                      {"ubi8", "2.28"},
                                                      {"rockylinux8", "2.28"},
                                                      {"ubi9", "2.34"},
                                                      {"rockylinux9", "2.34"},
                                                      {"bullseye", "2.31"},
                                                      {"debian:11", "2.31"},
                                                      {"bookworm", "2.36"},
                                                      {"debian:12", "2.36"}}};

std::string number_at(std::string_view text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    std::string number(text.substr(0, end));
    while (number.ends_with('.')) number.pop_back();
    return number;
}

bool older(const std::string& a, const std::string& b) {
    const auto x = CondaVersion::parse(a);
    const auto y = CondaVersion::parse(b);
    return x && y && *x < *y;
}

unsigned major_of(const std::string& version) {
    return engine::cuda_major_of_digits(version.substr(0, version.find('.'))).value_or(0);
}

std::string parts(const std::string& version, std::size_t count) {
    std::size_t end = 0;
    while (count-- > 0 && end != std::string::npos) end = version.find('.', end == 0 ? 0 : end + 1);
    return version.substr(0, end);
}

bool carries_libraries(const Solution& solution) {
    return std::ranges::any_of(solution.packages, [](const Package& package) {
        return package.kind == PackageKind::conda
                   ? package.name == "libcublas" || package.name == "cudatoolkit" ||
                         package.name == "cuda-cudart"
                   : package.name.starts_with("nvidia-cublas") ||
                         package.name.starts_with("nvidia-cuda-runtime");
    });
}

}  // namespace

BaseImage read_base_image(std::string_view reference) {
    BaseImage image;
    for (const Distribution& distribution : distributions) {
        if (reference.find(distribution.mark) != std::string_view::npos) image.glibc = distribution.glibc;
    }
    reference = reference.substr(0, reference.find('@'));
    const std::size_t colon = reference.rfind(':');
    if (colon == std::string_view::npos || reference.find('/', colon) != std::string_view::npos) return image;
    const std::string_view repository = reference.substr(0, colon);
    const std::string_view tag = reference.substr(colon + 1);
    if (repository.ends_with("nvidia/cuda") || repository.ends_with("/cuda") || repository == "cuda") {
        image.cuda = number_at(tag);
        image.is_nvidias = true;
    } else if (const std::size_t at = tag.find("cuda"); at != std::string_view::npos) {
        image.cuda = number_at(tag.substr(at + 4));
    }
    if (image.cuda.empty()) return image;
    image.has_compiler = tag.find("devel") != std::string_view::npos;
    image.has_libraries = image.has_compiler || tag.find("runtime") != std::string_view::npos;
    return image;
}

std::optional<unsigned> cuda_major_of(const Solution& solution) {
    if (solution.cuda.major != 0) return solution.cuda.major;
    std::optional<unsigned> weak;
    for (const Package& package : solution.packages) {
        const auto major = cuda_major_of(package);
        if (!major) continue;
        if (package.kind == PackageKind::conda || !engine::loads_cuda_lazily(package.name)) return major;
        if (!weak) weak = major;
    }
    return solution.target.cuda ? weak : std::nullopt;
}

std::vector<std::string> base_image_warnings(const std::string& reference, const Solution& solution) {
    std::vector<std::string> said;
    const BaseImage image = read_base_image(reference);
    const Target& target = solution.target;
    const std::string base = "the base image `" + reference + "` ";
    if (!image.glibc.empty() && target.platform.starts_with("linux-") && older(image.glibc, target.glibc)) {
        said.push_back(base + "has glibc " + image.glibc + ", target " + target.name + " says " +
                       target.glibc + ": packages may not load, write `glibc = \"" + image.glibc + "\"`");
    }
    if (image.cuda.empty()) return said;
    const std::string two = parts(image.cuda, 2);
    if (!target.cuda) {
        said.push_back(base + "brings CUDA " + two + ", target " + target.name +
                       " has no driver: a base without CUDA is smaller");
        return said;
    }
    if (image.is_nvidias && two == image.cuda) {
        const std::string patched = cuda_image_tag(image.cuda).newest;
        said.push_back(base + "names no patch release, and there is no such tag: write `" +
                       (patched.empty() ? image.cuda + ".N" : patched) + "` in its place");
    }
    if (older(*target.cuda, two)) {
        said.push_back(base + "is of CUDA " + two + ", newer than the " + *target.cuda +
                       " of the target's driver: the container will not start there");
    }
    const auto locked = cuda_major_of(solution);
    if (!image.has_libraries) return said;
    if (locked && *locked != major_of(image.cuda)) {
        said.push_back(base + "brings the libraries of CUDA " + two + ", the lock is of CUDA " +
                       std::to_string(*locked) + ": take a `-base-` image, or one of CUDA " +
                       std::to_string(*locked));
    } else if (carries_libraries(solution)) {
        said.push_back(base + "brings the libraries of CUDA " + two +
                       ", and so does the lock: they are there twice, a `-base-` image has one copy less");
    }
    return said;
}

}  // namespace aimlock
