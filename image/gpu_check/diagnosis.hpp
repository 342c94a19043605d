#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "image/gpu_check/driver_answer.hpp"
#include "image/gpu_check/gpu_host.hpp"
#include "image/replay/unpacked_store.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {

enum class CheckLevel : std::uint8_t {
    ok,
    note,      ///< worth knowing, no fault
    warn,      ///< works, and something is to be changed
    unproven,  ///< could not be found out
    error,     ///< does not work
};

/// One line of a diagnosis.
struct GpuCheck {
    std::string name;  ///< what was looked at: "driver", "nodes", "gpu 0", "lock"
    CheckLevel level = CheckLevel::ok;
    std::string fault;    ///< which fault, stable for scripts: "no-driver"; empty: none
    std::string message;  ///< lower case, no full stop
    std::string help;     ///< what to do; empty: nothing to say
};

/// What is wrong with the host's GPUs, the cause and not what follows from it. The driver's proof counts more
/// than files: what looks wrong and works is a note.
std::vector<GpuCheck> diagnose(const GpuHost& host, const DriverAnswer& driver, const Variables& variables);

/// Warns where `folder`, the one that is worked in, lies on a disk of Windows, which WSL2 reaches over a
/// network protocol.
std::optional<GpuCheck> diagnose_folder(const GpuHost& host, const std::filesystem::path& folder);

/// Holds one target of a lock to what the host's driver and GPUs can run.
std::vector<GpuCheck> diagnose_target(const Lock& lock, const LockTarget& target, const DriverAnswer& driver);

/// Reads the GPU code of the target's packages, as far as `store` has them unpacked, and holds it to the
/// host's GPUs and to those of the target's cuda-arch.
std::vector<GpuCheck> diagnose_code(const Lock& lock,
                                    const LockTarget& target,
                                    const DriverAnswer& driver,
                                    const UnpackedStore& store);

/// Holds the lock's targets for `platform` ("linux-64") to the host; where `target_name` is not empty, that
/// one alone. A target that does not fit is a note where another one does.
std::vector<GpuCheck> diagnose_lock(const Lock& lock,
                                    const std::string& platform,
                                    const std::string& target_name,
                                    const DriverAnswer& driver,
                                    const UnpackedStore& store);

}  // namespace aimlock
