// What an image is told about itself, read off the lock: its command, its ports, the driver that it needs.
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "image/dockerfile.hpp"

namespace aimlock {
namespace {

using CudaVersion = std::pair<unsigned, unsigned>;

bool holds(const Lock& lock, const LayerPlan& plan, std::string_view name) {
    const auto packages = lock.packages_of(plan.target);
    return std::any_of(packages.begin(), packages.end(), [&](const Package* p) { return p->name == name; });
}

/// The `>=` bound of one "__cuda …" spec; 0.0 where it has none.
CudaVersion lower_bound(std::string_view spec) {
    CudaVersion bound{0, 0};
    constexpr std::string_view name = "__cuda";
    if (!spec.starts_with(name)) return bound;
    spec.remove_prefix(name.size());
    if (!spec.empty() && spec.front() != ' ' && spec.front() != '>')
        return bound;  // __cuda_arch is another package
    const std::size_t at = spec.find(">=");
    if (at == std::string_view::npos) return bound;
    const std::string_view digits = spec.substr(std::min(spec.find_first_not_of(' ', at + 2), spec.size()));
    const char* const end = digits.data() + digits.size();
    const auto [dot, error] = std::from_chars(digits.data(), end, bound.first);
    if (error == std::errc{} && dot != end && *dot == '.') std::from_chars(dot + 1, end, bound.second);
    return bound;
}

/// What a wheel's name says of the driver: nvidia-cublas-cu12 needs a driver of 12.0 or newer.
CudaVersion wheel_bound(const Package& package) {
    CudaVersion bound{0, 0};
    const std::size_t at = package.name.rfind("-cu");
    if (package.kind != PackageKind::pypi || !package.name.starts_with("nvidia-") || at == std::string::npos)
        return bound;
    const std::string_view digits = std::string_view(package.name).substr(at + 3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bound.first);
    return error == std::errc{} && end == digits.data() + digits.size() ? bound : CudaVersion{0, 0};
}

}  // namespace

std::vector<std::string> image_command(const Lock& lock, const LayerPlan& plan, const ImageManifest& image) {
    if (!image.command.empty()) return image.command;
    if (holds(lock, plan, "jupyterlab"))
        return {"jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"};
    if (!lock.target(plan.target)->python_version.empty()) return {"python"};
    return {"/bin/sh"};
}

std::vector<unsigned> image_ports(const Lock& lock, const LayerPlan& plan, const ImageManifest& image) {
    if (!image.ports.empty() || !holds(lock, plan, "jupyterlab")) return image.ports;
    return {8888};
}

std::string required_cuda(const Lock& lock, const LayerPlan& plan) {
    CudaVersion needed{0, 0};
    for (const Package* package : lock.packages_of(plan.target)) {
        needed = std::max(needed, wheel_bound(*package));
        for (const std::string& spec : package->depends) needed = std::max(needed, lower_bound(spec));
        for (const std::string& spec : package->constrains) needed = std::max(needed, lower_bound(spec));
    }
    return needed.first == 0 ? std::string{} : fmt::format("cuda>={}.{}", needed.first, needed.second);
}

}  // namespace aimlock
