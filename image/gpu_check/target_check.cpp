#include <algorithm>

#include <fmt/format.h>

#include "image/gpu_check/diagnosis.hpp"
#include "image/image_facts.hpp"
#include "solver/engine/cuda_limits.hpp"

namespace aimlock {
namespace {

using Version = std::pair<unsigned, unsigned>;

std::string text_of(Version version) {
    return fmt::format("{}.{}", version.first, version.second);
}

/// The target's `__cuda`, the driver that it was solved for; empty: it needs none.
std::string cuda_of(const LockTarget& target) {
    const auto found = std::ranges::find(target.virtual_packages, "__cuda", &VirtualPackage::name);
    return found == target.virtual_packages.end() ? std::string{} : found->version;
}

/// What the locked packages state that they need; 0.0 where they state nothing.
Version needed_by_packages(const Lock& lock, const LockTarget& target) {
    const std::string text = required_cuda(lock, target);
    constexpr std::string_view head = "cuda>=";
    return text.starts_with(head) ? engine::two_numbers(std::string_view(text).substr(head.size()))
                                  : Version{0, 0};
}

GpuCheck compare_driver(const Lock& lock, const LockTarget& target, const DriverAnswer& driver) {
    GpuCheck check{"lock", CheckLevel::ok, {}, {}, {}};
    const std::string wanted_text = cuda_of(target);
    const Version wanted = engine::two_numbers(wanted_text);
    // Code of an older minor runs on every driver of its major; what packages state beyond that counts as
    // well. A lock that says what it needs is believed.
    const Version by_packages = needed_by_packages(lock, target);
    const Version needed =
        target.cuda.driver.empty() ? std::max(Version{wanted.first, 0}, by_packages) : by_packages;
    check.message = fmt::format("target {} is solved for CUDA {} and needs {}; this host runs ", target.name,
                                wanted_text, text_of(needed));
    if (driver.cuda <= 0) {
        check.level = CheckLevel::error;
        check.fault = "lock-needs-gpu";
        check.message += "none";
        return check;
    }
    const Version here = engine::two_numbers(driver.cuda_text());
    check.message += "up to " + text_of(here);
    if (here < needed) {
        check.level = CheckLevel::error;
        check.fault = "driver-too-old";
        const std::string_view oldest = engine::oldest_driver_of(needed.first);
        check.help = fmt::format("update the driver{}, or solve for this host: cuda = \"{}\"",
                                 oldest.empty() ? "" : fmt::format(" to {} or newer", oldest), text_of(here));
    } else if (here < wanted) {
        check.level = CheckLevel::warn;
        check.fault = "driver-older-than-target";
        check.help = "update the driver: code that it compiles itself (PTX) must not be newer than it is";
    }
    return check;
}

/// The first of `fleet` whose code runs on `gpu`: the same major, a minor that is not later.
std::string covering(const std::vector<std::string>& fleet, const DriverGpu& gpu) {
    for (const std::string& text : fleet) {
        const auto [major, minor] = engine::two_numbers(text);
        if (major == gpu.major && minor <= gpu.minor) return text;
    }
    return {};
}

}  // namespace

std::vector<GpuCheck> diagnose_target(const Lock& lock,
                                      const LockTarget& target,
                                      const DriverAnswer& driver) {
    if (cuda_of(target).empty())
        return {{"lock", CheckLevel::ok, {}, fmt::format("target {} needs no GPU", target.name), {}}};
    std::vector<GpuCheck> checks{compare_driver(lock, target, driver)};
    if (target.cuda_arch.empty()) return checks;
    std::string fleet;
    for (const std::string& text : target.cuda_arch) fleet += (fleet.empty() ? "" : ", ") + text;
    for (std::size_t i = 0; i < driver.gpus.size(); ++i) {
        const DriverGpu& gpu = driver.gpus[i];
        const std::string by = covering(target.cuda_arch, gpu);
        if (!by.empty()) {
            checks.push_back({"lock",
                              CheckLevel::ok,
                              {},
                              fmt::format("gpu {} ({}.{}) is covered by cuda-arch {} of target {}", i,
                                          gpu.major, gpu.minor, by, target.name),
                              {}});
            continue;
        }
        checks.push_back(
            {"lock", CheckLevel::error, "gpu-not-in-target",
             fmt::format("gpu {} is {}.{}, target {} is solved for {}: its packages may have no code for it",
                         i, gpu.major, gpu.minor, target.name, fleet),
             fmt::format("add \"{}.{}\" to cuda-arch of the target and solve again", gpu.major, gpu.minor)});
    }
    return checks;
}

std::vector<GpuCheck> diagnose_lock(const Lock& lock,
                                    const std::string& platform,
                                    const std::string& target_name,
                                    const DriverAnswer& driver,
                                    const UnpackedStore& store) {
    const auto is_error = [](const GpuCheck& check) { return check.level == CheckLevel::error; };
    std::vector<GpuCheck> all;
    bool any_fits = false;
    for (const LockTarget& target : lock.targets) {
        if (target_name.empty() ? target.platform != platform : target.name != target_name) continue;
        std::vector<GpuCheck> checks = diagnose_target(lock, target, driver);
        const std::vector<GpuCheck> of_code = diagnose_code(lock, target, driver, store);
        checks.insert(checks.end(), of_code.begin(), of_code.end());
        // A target without CUDA fits everywhere and so says nothing about the GPUs.
        any_fits = any_fits || (!cuda_of(target).empty() && std::ranges::none_of(checks, is_error));
        all.insert(all.end(), checks.begin(), checks.end());
    }
    if (all.empty()) {
        return {{"lock",
                 CheckLevel::error,
                 "no-target-for-platform",
                 fmt::format("the lock has no target for {}", platform),
                 {}}};
    }
    for (GpuCheck& check : all) {
        if (any_fits && is_error(check)) check.level = CheckLevel::note;
    }
    return all;
}

}  // namespace aimlock
