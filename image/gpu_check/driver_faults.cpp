#include <fmt/format.h>

#include "image/gpu_check/driver_functions.hpp"
#include "image/gpu_check/host_faults.hpp"

namespace aimlock {
namespace {

GpuCheck fault(std::string id, std::string message, std::string help = {}) {
    return {"driver", CheckLevel::error, std::move(id), std::move(message), std::move(help)};
}

/// The driver answers and shows no GPU.
GpuCheck no_device(const GpuHost& host, const DriverAnswer& answer, const Variables& variables) {
    if (const auto hidden = variables.find("CUDA_VISIBLE_DEVICES"); hidden != variables.end()) {
        return fault("hidden-devices",
                     fmt::format("the driver shows no GPU: CUDA_VISIBLE_DEVICES is `{}`", hidden->second),
                     "unset CUDA_VISIBLE_DEVICES, or name a GPU that is there");
    }
    if (answer.mig_gpus > 0 && host.mig_instances == 0) {
        return fault(
            "mig-no-instance",
            fmt::format("{} GPU{} in MIG mode without a GPU instance: nothing can run there", answer.mig_gpus,
                        answer.mig_gpus == 1 ? " is" : "s are"),
            "make an instance with `nvidia-smi mig -cgi … -C`, or end MIG mode with `nvidia-smi -mig 0`");
    }
    return fault("no-device", "the driver is here and shows no GPU",
                 "see what `dmesg | grep -i nvrm` says: the GPU may have fallen off the bus");
}

GpuCheck failed_call(const GpuHost& host, const DriverAnswer& answer, const Variables& variables) {
    const std::string said =
        fmt::format("{}: {} ({})", answer.failed_call, answer.failed_name, answer.failed_code);
    switch (answer.failed_code) {
        case driver::no_device:
            return no_device(host, answer, variables);
        case driver::stub_library:
            return fault("stub-library",
                         fmt::format("{} is a toolkit's stub for the linker, not a driver", answer.library),
                         "take the folder `stubs` out of LD_LIBRARY_PATH");
        case driver::system_not_ready:
            return fault("fabric-manager", said + ": the GPUs' fabric is not up",
                         "start nvidia-fabricmanager of the driver's own release");
        case driver::driver_mismatch:
            return fault("version-mismatch", said + ": library and kernel module are of two releases",
                         host.container.empty()
                             ? "restart the machine: the driver was updated while the old module is loaded"
                             : "remove the driver's libraries from the image: they come from the host");
        case driver::compat_not_supported:
            return fault(
                "compat-library", said + ": a cuda-compat library is loaded, which this GPU does not support",
                "take cuda-compat out of LD_LIBRARY_PATH and of the image, or update the host's driver");
        default:
            return fault("driver-error", said, "see what `dmesg | grep -i nvrm` says");
    }
}

}  // namespace

std::optional<GpuCheck> find_driver_fault(const GpuHost& host,
                                          const DriverAnswer& answer,
                                          const Variables& variables) {
    if (!answer.crash.empty()) {
        const bool hung = answer.crash.starts_with("did not");
        return fault(hung ? "driver-hung" : "driver-crashed", fmt::format("the driver {}", answer.crash),
                     "see what `dmesg | grep -i nvrm` says; restart the machine");
    }
    if (answer.library.empty()) {
        return fault("library-broken",
                     answer.load_fault.empty() ? "libcuda.so.1 could not be loaded"
                                               : "libcuda.so.1 does not load: " + answer.load_fault,
                     "install the driver's libraries anew");
    }
    if (answer.release_mismatch) {
        return fault("version-mismatch", "the driver's library and its kernel module are of two releases",
                     host.container.empty()
                         ? "restart the machine: the driver was updated while the old module is loaded"
                         : "remove the driver's libraries from the image: they come from the host");
    }
    if (!answer.failed_call.empty()) return failed_call(host, answer, variables);
    if (answer.gpus.empty()) return no_device(host, answer, variables);
    return std::nullopt;
}

}  // namespace aimlock
