#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/model/target.hpp"

namespace aimlock::engine {

/// A compute capability of a GPU, or of code for one: 8.6.
struct ComputeCapability {
    unsigned major = 0;
    unsigned minor = 0;
    friend auto operator<=>(const ComputeCapability&, const ComputeCapability&) = default;
    [[nodiscard]] std::string text() const { return std::to_string(major) + "." + std::to_string(minor); }
};

/// What a target's driver and GPUs mean for CUDA software, apart from any package.
///
/// A driver runs every toolkit of its own major and of older ones: floors go by major (450.80.02 for 11,
/// 525.60.13 for 12, 580 for 13), and a wheel of CUDA 12.9 runs on a 12.0 driver. Not so PTX, which the
/// driver compiles: it must not be newer than the driver.
struct CudaLimits {
    std::optional<unsigned> driver_major;  ///< nullopt: no driver
    unsigned driver_minor = 0;
    std::vector<ComputeCapability> fleet;  ///< empty: no constraint
    bool mixed = false;                    ///< several majors in one environment are allowed
    bool measured_platform = true;  ///< the wheels that cuda_wheels.hpp knows are those of this platform

    /// True when software of CUDA `major` can run on the driver and has code for each GPU of the fleet.
    [[nodiscard]] bool runs(unsigned major) const;
    /// The first GPU of the fleet for which no toolkit of this major makes code.
    [[nodiscard]] std::optional<ComputeCapability> gpu_without_code(unsigned major) const;
};

CudaLimits cuda_limits_of(const Target& target);

/// "12.4" -> {12, 4}; what is missing is 0.
std::pair<unsigned, unsigned> two_numbers(std::string_view text);

/// The driver release that a CUDA major needs: "525.60.13" for 12; empty where it is not known.
std::string_view oldest_driver_of(unsigned cuda_major);

/// The first toolkit that makes code for GPUs of a compute capability's major, or for it alone where its own
/// is later: {12, 8} for 10.0; {0, 0}: every toolkit in use does.
std::pair<unsigned, unsigned> first_toolkit_for(ComputeCapability gpu);

}  // namespace aimlock::engine
