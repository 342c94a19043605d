#include "image/image_facts.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "image/quoting.hpp"
#include "solver/engine/cuda_package.hpp"

namespace aimlock {
namespace {

bool holds(const Lock& lock, const LayerPlan& plan, std::string_view name) {
    const auto packages = lock.packages_of(plan.target);
    return std::any_of(packages.begin(), packages.end(), [&](const Package* p) { return p->name == name; });
}

bool holds_conda(const std::vector<const Package*>& packages, std::string_view name) {
    return std::any_of(packages.begin(), packages.end(),
                       [&](const Package* p) { return p->kind == PackageKind::conda && p->name == name; });
}

std::optional<std::uint32_t> number_of(std::string_view text) {
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
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

std::string required_cuda(const Lock& lock, const LockTarget& target) {
    if (!target.cuda.driver.empty()) return "cuda>=" + target.cuda.driver;
    const auto [major, minor] = oldest_cuda_for(lock.packages_of(target.name));
    return major == 0 ? std::string{} : fmt::format("cuda>={}.{}", major, minor);
}

std::map<std::string, std::string> image_environment(const Lock& lock,
                                                     const LayerPlan& plan,
                                                     const ImageManifest& image) {
    const LockTarget& target = *lock.target(plan.target);
    const auto packages = lock.packages_of(plan.target);
    std::map<std::string, std::string> values{{"CONDA_PREFIX", std::string(image_prefix)},
                                              {"PYTHONDONTWRITEBYTECODE", "1"}};
    // OpenSSL of the environment looks where its build put its certificates, which is not here.
    if (holds_conda(packages, "ca-certificates"))
        values["SSL_CERT_FILE"] = fmt::format("{}/ssl/cacert.pem", image_prefix);
    if (!target.python_version.empty() && !holds_conda(packages, "python"))
        values["PYTHONPATH"] = fmt::format("{}/{}", image_prefix, target.python_site_packages_path);
    if (std::ranges::find(target.virtual_packages, "__cuda", &VirtualPackage::name) !=
        target.virtual_packages.end()) {
        values["NVIDIA_VISIBLE_DEVICES"] = "all";
        values["NVIDIA_DRIVER_CAPABILITIES"] = "compute,utility";
        if (const std::string cuda = required_cuda(lock, target); !cuda.empty())
            values["NVIDIA_REQUIRE_CUDA"] = cuda;
    }
    for (const auto& [name, value] : image.env) values[name] = value;
    return values;
}

std::vector<std::pair<std::string, std::string>> image_labels(const Lock& lock,
                                                              const LayerPlan& plan,
                                                              const ImageManifest& image,
                                                              const std::string& name) {
    std::vector<std::pair<std::string, std::string>> labels{{"org.opencontainers.image.title", name}};
    if (const std::string base = base_reference(lock, image); !base.empty())
        labels.emplace_back("org.opencontainers.image.base.name", base);
    labels.emplace_back("io.aimlock.target", plan.target);
    labels.emplace_back("io.aimlock.lock.digest", "sha256:" + sha256_of(write_lock(lock)).hex());
    labels.emplace_back("io.aimlock.plan.digest", "sha256:" + sha256_of(write_layer_plan(plan)).hex());
    return labels;
}

std::string base_reference(const Lock& lock, const ImageManifest& image) {
    if (!lock.base || lock.base->image.empty()) return image.base;
    if (lock.base->digest.empty() || lock.base->image.find('@') != std::string::npos) return lock.base->image;
    return lock.base->image + "@" + lock.base->digest;
}

Result<void> check_image_values(const ImageManifest& image) {
    if (!holds_only(image.user, "._-:"))
        return fail(ErrorCode::refused, fmt::format("`{}` is not a user", image.user));
    const bool climbs = (image.workdir + "/").find("/../") != std::string::npos;
    if (!holds_only(image.workdir, "._-/+@") || image.workdir.front() != '/' || climbs) {
        return fail(ErrorCode::refused,
                    fmt::format("`{}` is not an absolute path of plain characters", image.workdir));
    }
    for (const auto& [name, value] : image.env) {
        if (!holds_only(name, "_") || (name.front() >= '0' && name.front() <= '9')) {
            return fail(ErrorCode::refused,
                        fmt::format("`{}` is not the name of an environment variable", name));
        }
        if (const auto plain = dockerfile_quoted(value, fmt::format("the variable {}", name)); !plain)
            return tl::make_unexpected(plain.error());
    }
    return {};
}

std::optional<ImageAccount> own_account(const ImageManifest& image) {
    const std::size_t colon = image.user.find(':');
    const auto user = number_of(std::string_view(image.user).substr(0, colon));
    const auto group =
        colon == std::string::npos ? user : number_of(std::string_view(image.user).substr(colon + 1));
    if (!user || !group || *user == 0) return std::nullopt;
    return ImageAccount{*user, *group};
}

}  // namespace aimlock
