#pragma once

#include <optional>
#include <string>

#include "fetch/environment.hpp"

namespace aimlock {

/// What this machine is, in the words of a Target; nullopt where it has none.
struct HostFacts {
    std::string platform;              ///< conda subdir: "linux-64"
    std::string archspec;              ///< "x86_64", "x86_64_v2", … "x86_64_v4"; "aarch64" elsewhere
    std::optional<std::string> glibc;  ///< "2.36"; CONDA_OVERRIDE_GLIBC wins, empty means none
    std::optional<std::string>
        cuda;          ///< what the driver supports, "12.4"; CONDA_OVERRIDE_CUDA wins, empty means none
    bool wsl = false;  ///< Windows Subsystem for Linux
};

/// Asks the machine. Loads libcuda.so.1 where it is installed (also below /usr/lib/wsl/lib), and never needs
/// a GPU.
HostFacts probe_host(const Environment& environment);

}  // namespace aimlock
