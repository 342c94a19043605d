#include "image/gpu_coverage.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace aimlock {
namespace {

void take(PackageGpuCode& package, const std::string& path, Result<GpuCode> code) {
    if (!code) {
        package.unreadable.push_back(path + ": " + code.error().message);
    } else if (!code->architectures.empty()) {
        package.objects.push_back({path, std::move(*code)});
    }
}

}  // namespace

std::string UncoveredGpu::text() const {
    return fmt::format("{} has no kernel for {}: its objects hold {}{}", package, gpu.text(), has,
                       ptx_too_new ? ", and PTX that is newer than the driver" : "");
}

std::vector<PackageGpuCode> read_gpu_code_of(const std::filesystem::path& prefix,
                                             std::span<const InstalledPackage> packages) {
    std::vector<PackageGpuCode> all;
    for (const InstalledPackage& package : packages) {
        PackageGpuCode of{package.name, {}, {}};
        for (const InstalledFile& file : package.files) {
            if (file.is_link || !is_shared_object(file.path)) continue;
            take(of, file.path, read_gpu_code(prefix / file.path));
        }
        if (!of.objects.empty() || !of.unreadable.empty()) all.push_back(std::move(of));
    }
    return all;
}

PackageGpuCode read_gpu_code_of(const std::string& name, const UnpackedPackage& unpacked) {
    PackageGpuCode of{name, {}, {}};
    for (std::size_t i = 0; i < unpacked.package.files.size(); ++i) {
        const PackagedFile& file = unpacked.package.files[i];
        // Objects with the prefix in them are stored as others are.
        if (file.kind != PackagedFile::Kind::file || !is_shared_object(file.path)) continue;
        take(of, file.path, read_gpu_code_below(unpacked.folder.descriptor(), UnpackedStore::name_of(i)));
    }
    return of;
}

std::vector<UncoveredGpu> find_uncovered_gpus(std::span<const PackageGpuCode> packages,
                                              std::span<const engine::ComputeCapability> fleet,
                                              std::optional<std::pair<unsigned, unsigned>> driver) {
    std::vector<UncoveredGpu> found;
    for (const PackageGpuCode& package : packages) {
        std::set<GpuArchitecture> all;
        for (const auto& object : package.objects)
            all.insert(object.code.architectures.begin(), object.code.architectures.end());
        if (all.empty()) continue;
        std::vector<std::string> names;
        for (const GpuArchitecture& code : all) {
            if (names.empty() || names.back() != code.text()) names.push_back(code.text());
        }
        const std::string has = fmt::format("{}", fmt::join(names, " "));
        for (const engine::ComputeCapability gpu : fleet) {
            const auto any = [&](auto with) {
                return std::ranges::any_of(
                    all, [&](const GpuArchitecture& code) { return runs_on(code, gpu, with); });
            };
            if (!any(driver)) found.push_back({package.package, gpu, has, any(decltype(driver){})});
        }
    }
    return found;
}

}  // namespace aimlock
