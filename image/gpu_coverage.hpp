#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fetch/gpu_code.hpp"
#include "image/replay/unpacked_store.hpp"
#include "lock/inventory.hpp"
#include "solver/engine/gpu_fit.hpp"

namespace aimlock {

/// The GPU code of one installed package.
struct PackageGpuCode {
    std::string package;
    struct Object {
        std::string path;  ///< relative to the prefix
        GpuCode code;
    };
    std::vector<Object> objects;          ///< those that have GPU code
    std::vector<std::string> unreadable;  ///< "path: why", for objects whose headers do not add up
};

/// A package with GPU code, none of it for one GPU.
struct UncoveredGpu {
    std::string package;
    engine::ComputeCapability gpu;
    std::string has;           ///< what it has code for: "sm_70 sm_80 compute_80"
    bool ptx_too_new = false;  ///< its PTX would do, and is newer than the driver

    /// "xformers has no kernel for 12.0: its objects hold sm_75 sm_80 sm_90 compute_80"
    [[nodiscard]] std::string text() const;
};

/// Reads the shared objects of `packages` below `prefix`. Packages without GPU code are left out.
std::vector<PackageGpuCode> read_gpu_code_of(const std::filesystem::path& prefix,
                                             std::span<const InstalledPackage> packages);

/// The same of a package of the store of unpacked ones.
PackageGpuCode read_gpu_code_of(const std::string& name, const UnpackedPackage& unpacked);

/// Which package has no code for which GPU. A package counts as a whole: one object for one architecture
/// alone (a kernel that only Hopper can run) says nothing, as long as another one serves the GPU.
std::vector<UncoveredGpu> find_uncovered_gpus(std::span<const PackageGpuCode> packages,
                                              std::span<const engine::ComputeCapability> fleet,
                                              std::optional<std::pair<unsigned, unsigned>> driver);

}  // namespace aimlock
