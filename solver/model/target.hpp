#pragma once

#include <optional>
#include <string>
#include <vector>

#include "solver/spec/marker.hpp"
#include "solver/spec/wheel.hpp"

namespace aimlock {

/// A virtual package (CEP 30): a fact about the host that takes part in the solve.
struct VirtualPackage {
    std::string name;     ///< "__cuda"
    std::string version;  ///< "12.4"
    std::string build = "0";

    friend bool operator==(const VirtualPackage&, const VirtualPackage&) = default;
    /// "__cuda=12.4", with "=build" where the build is not 0.
    [[nodiscard]] std::string text() const;
};

/// What an environment is solved for. A manifest's target never depends on the machine that solves it.
struct Target {
    std::string name = "default";
    std::string platform = "linux-64";   ///< a conda subdir
    std::optional<std::string> cuda;     ///< what the hosts' driver supports, "12.4"; nullopt: no driver
    std::vector<std::string> cuda_arch;  ///< compute capabilities of the fleet, "8.6"; empty: no constraint
    bool cuda_compat = false;
    bool cuda_mixed = false;
    std::string glibc = "2.28";         ///< linux only
    std::string archspec = "x86_64";    ///< the build string of __archspec
    std::optional<std::string> python;  ///< "3.12" or "3.12.7": a Python that the base image brings

    /// The virtual packages of this target, sorted by name. What neither field nor default says is fixed:
    /// Linux 5.10, macOS 14.0, Windows 10.0; `__archspec` is the machine's family where the platform is not
    /// Intel's.
    [[nodiscard]] std::vector<VirtualPackage> virtual_packages() const;
    /// Marker values for CPython `python_full_version` ("3.12.13") on this platform; the same fixed kernel
    /// and macOS.
    [[nodiscard]] MarkerEnvironment markers(const std::string& python_full_version) const;
    /// Wheel tags for CPython 3.`minor` on this platform.
    [[nodiscard]] TagPlatform tag_platform(unsigned minor, bool free_threaded) const;
};

}  // namespace aimlock
