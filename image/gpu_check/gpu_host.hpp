#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aimlock {

/// A device node, and what opening it said.
struct GpuNode {
    std::string path;   ///< "/dev/nvidia0"
    std::string fault;  ///< empty: it opens for reading and writing; else the system's words
    bool denied = false;

    friend bool operator==(const GpuNode&, const GpuNode&) = default;
};

/// A copy of libcuda.so.1.
struct CudaLibrary {
    std::string path;       ///< on the host: "/usr/lib/x86_64-linux-gnu/libcuda.so.1"
    std::string version;    ///< of the file that it is a link to: "535.183.01"; empty: its name says none
    bool searched = false;  ///< the loader looks in its folder by itself

    friend bool operator==(const CudaLibrary&, const CudaLibrary&) = default;
};

/// A display or compute device of NVIDIA on the PCI bus.
struct PciGpu {
    std::string address;  ///< "0000:01:00.0"
    std::string driver;   ///< the kernel driver that holds it: "nvidia", "nouveau", "vfio-pci"; empty: none
};

/// What the files of a host say about its GPUs; the driver itself is not asked.
struct GpuHost {
    std::string kernel;     ///< release of the kernel
    std::string system;     ///< "Ubuntu 22.04.5 LTS"; empty: not said
    std::string container;  ///< "docker", "podman" or "a container"; empty: not in one
    bool wsl = false;       ///< Windows Subsystem for Linux

    bool pci_known = false;  ///< the PCI bus could be read
    std::vector<PciGpu> pci_gpus;
    bool nouveau = false;                ///< the kernel module nouveau is loaded
    bool module_loaded = false;          ///< NVIDIA's kernel module is
    std::string module_version;          ///< of NVIDIA's kernel module
    std::vector<GpuNode> nodes;          ///< those that are there, sorted by path
    std::vector<CudaLibrary> libraries;  ///< in the order in which the loader meets them
    unsigned mig_instances = 0;          ///< GPU instances that exist

    std::string engine;           ///< path of docker or podman; empty: neither
    bool docker_desktop = false;  ///< the engine is Docker Desktop's, which brings its own toolkit
    std::string toolkit;          ///< path of what the NVIDIA container toolkit installed; empty: nothing

    [[nodiscard]] const GpuNode* node(const std::string& path) const;
    /// True when there is a node of at least one GPU: /dev/nvidia0 and the like.
    [[nodiscard]] bool has_gpu_node() const;
};

/// Process variables: name -> value.
using Variables = std::map<std::string, std::string, std::less<>>;

/// Reads the host below `root` ("/" on a machine). Never fails: what cannot be read is not there. Device
/// nodes are opened and closed again.
GpuHost read_gpu_host(const std::filesystem::path& root, const Variables& variables);

/// The version behind "Kernel Module" in the text of /proc/driver/nvidia/version; empty where it has none.
std::string kernel_module_version(const std::string& text);

}  // namespace aimlock
