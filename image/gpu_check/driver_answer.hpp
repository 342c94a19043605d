#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace aimlock {

/// A GPU as the driver shows it.
struct DriverGpu {
    std::string name;  ///< "NVIDIA GeForce RTX 4090"
    unsigned major = 0;
    unsigned minor = 0;  ///< compute capability
    std::uint64_t memory_bytes = 0;
    bool proven = false;  ///< the kernel ran and all of its results are right
    std::string fault;    ///< what failed: "cuModuleLoadData: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)"
};

/// What the driver's library said.
struct DriverAnswer {
    std::string library;            ///< where it was loaded from; empty: no library could be loaded
    std::string load_fault;         ///< the loader's words
    int cuda = 0;                   ///< cuDriverGetVersion: 12040 for 12.4; 0: not known
    std::string release;            ///< of the driver, by its management library: "560.94"; empty: not known
    bool release_mismatch = false;  ///< the management library says that library and kernel module differ
    unsigned mig_gpus = 0;          ///< GPUs in MIG mode
    std::string failed_call;        ///< the first call that failed for all GPUs: "cuInit"
    int failed_code = 0;
    std::string failed_name;  ///< "CUDA_ERROR_NO_DEVICE"
    std::vector<DriverGpu> gpus;
    std::string crash;  ///< "died of signal 11 in cuInit", "did not answer within 60 s in cuInit"

    [[nodiscard]] bool proven() const;
    /// "12.4"; empty where it is not known.
    [[nodiscard]] std::string cuda_text() const;
};

/// False in the static program, which cannot load libraries: `ask_driver` answers nothing there.
bool can_ask_driver();

/// Loads the first of `libraries` that can be loaded (names or paths of libcuda.so.1) and runs the check's
/// kernel on every GPU, in a process of its own: a driver that crashes or hangs is an answer, too.
DriverAnswer ask_driver(const std::vector<std::string>& libraries,
                        std::chrono::milliseconds limit = std::chrono::seconds(60));

}  // namespace aimlock
