#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/engine/cuda_limits.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// What was read out of the wheels of a range of releases, because their metadata does not say it. Measured
/// on PyPI's wheels for Linux on x86_64: it says nothing of other platforms and of local versions.
struct KnownWheel {
    std::string_view project;
    std::string_view from;          ///< first version; empty: all
    std::string_view until;         ///< first version that it does not hold for; empty: none yet
    unsigned cuda_major = 0;        ///< that its libraries load; 0: its metadata says it, or none
    bool lazily = false;            ///< loads it when it is used: allowed without a driver
    std::string_view cubins;        ///< "70 75 80": devices that it has code for; empty: not read
    std::string_view ptx = {};      ///< "90": code that the driver compiles for newer devices
    std::string_view toolkit = {};  ///< "12.8", that wrote the PTX; empty: not known
};

/// The entries for a release; newest knowledge stands for releases that came after it.
std::vector<KnownWheel> known_wheels(std::string_view normalized_name, const Pep440Version& version);

/// The CUDA that a silent wheel loads.
struct SilentCuda {
    unsigned major = 0;
    bool lazily = false;
};
std::optional<SilentCuda> silent_cuda_of(std::string_view normalized_name, const Pep440Version& version);

/// The first GPU of the target's fleet that a release has no code for, by what was read of its wheel or, for
/// builds with a local version such as `+cu126`, by what their toolkit can make. A release older than the
/// first that was read has no code for later GPUs than that one. nullopt: there is none, or it is not known.
std::optional<ComputeCapability> gpu_not_covered(std::string_view normalized_name,
                                                 const Pep440Version& version,
                                                 const CudaLimits& limits);

/// True for a build by local version (`+cu126`) of a project whose builds hold no PTX: its toolkit tells the
/// GPUs.
bool is_build_of_toolkit(std::string_view normalized_name, const Pep440Version& version);

/// "it was built for 7.5 8.0 9.0", or what the next newer release that was read was built for; empty: not
/// known.
std::string covered_gpus(std::string_view normalized_name, const Pep440Version& version);

}  // namespace aimlock::engine
