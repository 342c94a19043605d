#include "image/gpu_check/host_faults.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace aimlock {
namespace {

constexpr const char* start_with_gpus =
    "start it with `docker run --gpus all` (podman: `--device nvidia.com/gpu=all`)";

constexpr const char* no_gpu = "no NVIDIA GPU is on this machine's PCI bus";
constexpr const char* without_gpus =
    "the container was started without GPUs: it has neither /dev/nvidia0 nor libcuda.so.1";

GpuCheck fault(std::string name, std::string id, std::string message, std::string help = {}) {
    return {std::move(name), CheckLevel::error, std::move(id), std::move(message), std::move(help)};
}

std::string value_of(const Variables& variables, std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string{} : found->second;
}

/// Nodes that are there and do not open.
std::optional<GpuCheck> find_node_fault(const GpuHost& host) {
    for (const GpuNode& node : host.nodes) {
        if (node.fault.empty()) continue;
        if (!node.denied) {
            return fault("nodes", "node-fault", fmt::format("{} does not open: {}", node.path, node.fault),
                         host.container.empty()
                             ? "load the driver's kernel module anew, or restart the machine"
                             : start_with_gpus);
        }
        return fault(
            "nodes", "node-permission", fmt::format("this user may not open {}: {}", node.path, node.fault),
            host.container.empty()
                ? fmt::format("see `ls -l {}`: its group must be one of yours, or its mode 0666", node.path)
                : "start the container with `--gpus all`, which allows the device, not with the node alone");
    }
    return std::nullopt;
}

std::optional<GpuCheck> find_missing_node(const GpuHost& host) {
    const std::string help = host.container.empty()
                                 ? "run `sudo nvidia-modprobe -c 0 -u`, which makes the nodes"
                                 : start_with_gpus;
    if (!host.has_gpu_node() || host.node("/dev/nvidiactl") == nullptr) {
        return fault("nodes", "no-device-nodes",
                     fmt::format("{} is missing: the driver's library is here, its devices are not",
                                 host.has_gpu_node() ? "/dev/nvidiactl" : "/dev/nvidia0"),
                     help);
    }
    if (host.node("/dev/nvidia-uvm") == nullptr)
        return fault("nodes", "no-uvm-node", "/dev/nvidia-uvm is missing: CUDA finds no memory without it",
                     help);
    return std::nullopt;
}

/// The library that programs get: the first one of the loader's.
std::optional<GpuCheck> find_mismatch(const GpuHost& host) {
    if (host.module_version.empty() || host.libraries.empty()) return std::nullopt;
    const CudaLibrary& library = host.libraries.front();
    if (library.version.empty() || library.version == host.module_version) return std::nullopt;
    return fault("driver", "version-mismatch",
                 fmt::format("{} is of driver {}, the kernel module of {}", library.path, library.version,
                             host.module_version),
                 host.container.empty()
                     ? "restart the machine: the driver was updated while the old module is loaded"
                     : "remove the driver's libraries from the image: they come from the host");
}

std::optional<GpuCheck> find_wsl_fault(const GpuHost& host) {
    const auto of_windows = [](const CudaLibrary& library) {
        return library.path.starts_with("/usr/lib/wsl/");
    };
    if (host.node("/dev/dxg") == nullptr) {
        return host.container.empty()
                   ? fault("nodes", "wsl-no-dxg", "/dev/dxg is missing: this WSL shows no GPU",
                           "run `wsl --update` and `wsl --shutdown` in Windows; WSL 1 has no GPUs (`wsl "
                           "--set-version`)")
                   : fault("nodes", "container-without-gpu",
                           "the container was started without GPUs: /dev/dxg is missing", start_with_gpus);
    }
    if (const auto denied = find_node_fault(host)) return denied;
    if (!host.container.empty()) {
        if (host.libraries.empty())
            return fault("driver", "no-library", "libcuda.so.1 is not in the container, /dev/dxg is",
                         start_with_gpus);
        return std::nullopt;
    }
    if (std::ranges::none_of(host.libraries, of_windows)) {
        return fault("driver", "wsl-no-library",
                     "/usr/lib/wsl/lib/libcuda.so.1 is missing: Windows has no NVIDIA driver",
                     "install NVIDIA's driver in Windows, none in Linux; then `wsl --shutdown`");
    }
    if (const CudaLibrary& first = host.libraries.front(); first.searched && !of_windows(first)) {
        return fault(
            "driver", "wsl-linux-driver",
            fmt::format("{} comes before /usr/lib/wsl/lib and is a Linux driver{}: programs load it and fail",
                        first.path, first.version.empty() ? "" : " (" + first.version + ")"),
            "remove the Linux driver from this WSL: `dpkg -S` names its package");
    }
    return std::nullopt;
}

std::optional<GpuCheck> find_container_fault(const GpuHost& host, const Variables& variables) {
    const bool nodes = host.has_gpu_node();
    if (!nodes && host.pci_known && host.pci_gpus.empty()) return fault("gpu", "no-gpu", no_gpu);
    if (!nodes && host.libraries.empty())
        return fault("nodes", "container-without-gpu", without_gpus, start_with_gpus);
    if (host.libraries.empty()) {
        const std::string given = value_of(variables, "NVIDIA_DRIVER_CAPABILITIES");
        const bool computes = given.empty() || given.find("compute") != std::string::npos || given == "all";
        if (!computes) {
            return fault(
                "driver", "container-capabilities",
                fmt::format("NVIDIA_DRIVER_CAPABILITIES is {}, without compute: libcuda.so.1 stays outside",
                            given),
                "set NVIDIA_DRIVER_CAPABILITIES=compute,utility");
        }
        return fault("driver", "no-library", "libcuda.so.1 is not in the container, device nodes are",
                     start_with_gpus);
    }
    return std::nullopt;
}

std::string pci_text(const GpuHost& host) {
    return host.pci_gpus.empty() ? "" : fmt::format("the GPU at {} ", host.pci_gpus.front().address);
}

std::optional<GpuCheck> find_machine_fault(const GpuHost& host) {
    const auto held_by = [&](std::string_view driver) {
        return !host.pci_gpus.empty() &&
               std::ranges::all_of(host.pci_gpus, [&](const PciGpu& gpu) { return gpu.driver == driver; });
    };
    if (held_by("nouveau") || (host.nouveau && !host.module_loaded)) {
        return fault("driver", "nouveau",
                     fmt::format("{}is held by nouveau, which knows no CUDA",
                                 host.pci_gpus.empty() ? "the GPU " : pci_text(host)),
                     "install NVIDIA's driver: its package blacklists nouveau; then restart");
    }
    if (held_by("vfio-pci"))
        return fault("driver", "vfio", pci_text(host) + "is held by vfio-pci, for a virtual machine",
                     "unbind it from vfio-pci, or look inside the virtual machine");
    const bool nothing = !host.module_loaded && !host.has_gpu_node();
    if (nothing && host.pci_known && host.pci_gpus.empty()) return fault("gpu", "no-gpu", no_gpu);
    if (nothing && host.libraries.empty()) {
        return fault("driver", "no-driver",
                     "there is no NVIDIA driver: neither libcuda.so.1 nor a kernel module nor /dev/nvidia0",
                     "install NVIDIA's driver; CUDA itself comes with the environment");
    }
    if (host.libraries.empty()) {
        return fault(
            "driver", "no-library", "libcuda.so.1 is missing, the driver's kernel part is here",
            "install the package of the driver that has it: libcuda1 (Debian), libnvidia-compute-… (Ubuntu)");
    }
    if (nothing) {
        return fault(
            "driver", "module-not-loaded",
            "libcuda.so.1 is here, but the kernel module nvidia is not loaded and /dev/nvidia0 is missing",
            "run `sudo modprobe nvidia` and see what it says; Secure Boot refuses unsigned modules");
    }
    return std::nullopt;
}

}  // namespace

std::optional<GpuCheck> find_host_fault(const GpuHost& host, const Variables& variables) {
    if (host.wsl) return find_wsl_fault(host);
    auto found = host.container.empty() ? find_machine_fault(host) : find_container_fault(host, variables);
    if (!found) found = find_mismatch(host);
    if (!found) found = find_missing_node(host);
    if (!found) found = find_node_fault(host);
    return found;
}

}  // namespace aimlock
