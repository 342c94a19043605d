#include <algorithm>

#include <fmt/format.h>

#include "image/gpu_check/diagnosis.hpp"
#include "image/gpu_coverage.hpp"

namespace aimlock {
namespace {

using engine::ComputeCapability;

/// What of a target's packages could be read.
struct ReadCode {
    std::vector<PackageGpuCode> packages;  ///< those with GPU code
    std::size_t read = 0;
    std::size_t unread = 0;  ///< not unpacked in the store
};

ReadCode read_code(const Lock& lock, const LockTarget& target, const UnpackedStore& store) {
    ReadCode all;
    for (const Package* package : lock.packages_of(target.name)) {
        const std::optional<UnpackedPackage> unpacked = store.find(package->sha256, false);
        if (!unpacked) {
            ++all.unread;
            continue;
        }
        ++all.read;
        PackageGpuCode code = read_gpu_code_of(package->name, *unpacked);
        if (!code.objects.empty()) all.packages.push_back(std::move(code));
    }
    return all;
}

std::vector<GpuCheck> uncovered(const ReadCode& code,
                                const std::vector<ComputeCapability>& gpus,
                                std::pair<unsigned, unsigned> driver,
                                const GpuCheck& as) {
    std::vector<GpuCheck> checks;
    for (const UncoveredGpu& found : find_uncovered_gpus(code.packages, gpus, driver)) {
        checks.push_back(as);
        checks.back().message = found.text();
    }
    return checks;
}

}  // namespace

std::vector<GpuCheck> diagnose_code(const Lock& lock,
                                    const LockTarget& target,
                                    const DriverAnswer& driver,
                                    const UnpackedStore& store) {
    const auto cuda = std::ranges::find(target.virtual_packages, "__cuda", &VirtualPackage::name);
    if (cuda == target.virtual_packages.end()) return {};
    const ReadCode code = read_code(lock, target, store);
    if (code.read == 0) return {};  // nothing was installed from this lock here

    std::vector<ComputeCapability> here;
    for (const DriverGpu& gpu : driver.gpus) {
        const ComputeCapability capability{gpu.major, gpu.minor};
        if (std::ranges::find(here, capability) == here.end()) here.push_back(capability);
    }
    std::vector<ComputeCapability> elsewhere;
    for (const std::string& text : target.cuda_arch) {
        const auto [major, minor] = engine::two_numbers(text);
        const ComputeCapability capability{major, minor};
        if (std::ranges::find(here, capability) == here.end()) elsewhere.push_back(capability);
    }
    std::vector<GpuCheck> checks =
        uncovered(code, here, engine::two_numbers(driver.cuda_text()),
                  {"code",
                   CheckLevel::error,
                   "no-kernel-for-gpu",
                   {},
                   "solve for this GPU's cuda-arch, or take another release of the package"});
    const std::vector<GpuCheck> of_fleet =
        uncovered(code, elsewhere, engine::two_numbers(cuda->version),
                  {"code",
                   CheckLevel::warn,
                   "no-kernel-for-fleet",
                   {},
                   "take the GPU out of the target's cuda-arch, or another release of the package"});
    checks.insert(checks.end(), of_fleet.begin(), of_fleet.end());
    if (checks.empty()) {
        checks.push_back(
            {"code",
             CheckLevel::ok,
             {},
             fmt::format(
                 "{} of target {} have GPU code, for every GPU",
                 code.packages.size() == 1 ? "1 package" : fmt::format("{} packages", code.packages.size()),
                 target.name),
             {}});
    }
    if (code.unread > 0) {
        checks.push_back(
            {"code",
             CheckLevel::note,
             "code-not-read",
             fmt::format("{} of {} packages are not unpacked in the cache: their GPU code was not read",
                         code.unread, code.read + code.unread),
             {}});
    }
    return checks;
}

}  // namespace aimlock
