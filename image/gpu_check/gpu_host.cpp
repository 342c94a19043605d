#include "image/gpu_check/gpu_host.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

namespace aimlock {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view digits = "0123456789";

fs::path below(const fs::path& root, std::string_view absolute) {
    return root / fs::path(absolute).relative_path();
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

/// The text of a small file; empty where it cannot be read. Files of /proc state no size.
std::string text_of(const fs::path& path) {
    constexpr std::size_t limit = 1U << 20U;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return {};
    std::ifstream in(path, std::ios::binary);
    std::string text(limit, '\0');
    in.read(text.data(), static_cast<std::streamsize>(limit));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return text;
}

/// The first line of a file without blanks at its end.
std::string line_of(const fs::path& path) {
    std::string line = text_of(path);
    line.erase(std::min(line.find('\n'), line.size()));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    return line;
}

/// The names in a folder, sorted; empty where it cannot be read.
std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    while (!error && entry != fs::directory_iterator{}) {
        names.push_back(entry->path().filename().string());
        entry.increment(error);
    }
    std::ranges::sort(names);
    return names;
}

std::string pretty_name(const std::string& os_release) {
    std::istringstream lines(os_release);
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view key = "PRETTY_NAME=";
        if (!line.starts_with(key)) continue;
        std::string value = line.substr(key.size());
        std::erase(value, '"');
        return value;
    }
    return {};
}

std::string container_of(const fs::path& root, const Variables& variables) {
    if (is_there(below(root, "/.dockerenv"))) return "docker";
    if (is_there(below(root, "/run/.containerenv"))) return "podman";
    const auto given = variables.find("container");
    if (given != variables.end() && !given->second.empty()) return given->second;
    const std::string groups = text_of(below(root, "/proc/1/cgroup"));
    for (const char* mark : {"docker", "kubepods", "containerd", "libpod"}) {
        if (groups.find(mark) != std::string::npos) return "a container";
    }
    return {};
}

void read_pci(const fs::path& root, GpuHost& host) {
    const fs::path folder = below(root, "/sys/bus/pci/devices");
    host.pci_known = is_there(folder);
    for (const std::string& address : names_in(folder)) {
        if (line_of(folder / address / "vendor") != "0x10de") continue;
        // Class 03 is a display or 3D controller; the sound and USB functions of a card are not GPUs.
        if (!line_of(folder / address / "class").starts_with("0x03")) continue;
        std::error_code error;
        const fs::path driver = fs::read_symlink(folder / address / "driver", error);
        host.pci_gpus.push_back({address, error ? std::string{} : driver.filename().string()});
    }
}

void read_modules(const fs::path& root, GpuHost& host) {
    std::istringstream lines(text_of(below(root, "/proc/modules")));
    for (std::string line; std::getline(lines, line);) {
        const std::string name = line.substr(0, line.find(' '));
        host.nouveau = host.nouveau || name == "nouveau";
        host.module_loaded = host.module_loaded || name == "nvidia";
    }
    host.module_version = kernel_module_version(text_of(below(root, "/proc/driver/nvidia/version")));
    host.module_loaded = host.module_loaded || !host.module_version.empty();
    const fs::path gpus = below(root, "/proc/driver/nvidia/capabilities");
    for (const std::string& gpu : names_in(gpus)) {
        for (const std::string& name : names_in(gpus / gpu / "mig"))
            host.mig_instances += name.starts_with("gi");
    }
}

bool is_node_of_driver(const std::string& name) {
    if (name == "nvidiactl" || name == "nvidia-uvm" || name == "dxg") return true;
    constexpr std::string_view stem = "nvidia";
    return name.size() > stem.size() && name.starts_with(stem) &&
           name.find_first_not_of(digits, stem.size()) == std::string::npos;
}

void read_nodes(const fs::path& root, GpuHost& host) {
    const fs::path folder = below(root, "/dev");
    for (const std::string& name : names_in(folder)) {
        if (!is_node_of_driver(name)) continue;
        GpuNode node{"/dev/" + name, {}, false};
        const int file = ::open((folder / name).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (file >= 0) {
            ::close(file);
        } else {
            node.denied = errno == EACCES || errno == EPERM;  // EPERM: a container's device rules
            node.fault = std::strerror(errno);
        }
        host.nodes.push_back(std::move(node));
    }
}

/// Folders in the loader's order, with true, then those where a driver may lie unseen, with false.
std::vector<std::pair<std::string, bool>> library_folders(const fs::path& root, const Variables& variables) {
    std::vector<std::pair<std::string, bool>> folders;
    if (const auto path = variables.find("LD_LIBRARY_PATH"); path != variables.end()) {
        std::istringstream parts(path->second);
        for (std::string part; std::getline(parts, part, ':');) {
            if (part.starts_with('/')) folders.emplace_back(part, true);
        }
    }
    const fs::path lists = below(root, "/etc/ld.so.conf.d");
    for (const std::string& name : names_in(lists)) {
        if (!name.ends_with(".conf")) continue;
        std::istringstream lines(text_of(lists / name));
        for (std::string line; std::getline(lines, line);) {
            line.erase(line.find_last_not_of(" \t\r") + 1);
            if (line.starts_with('/')) folders.emplace_back(line, true);
        }
    }
    for (const char* folder : {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
                               "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"})
        folders.emplace_back(folder, true);
    for (const char* folder : {"/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib"})
        folders.emplace_back(folder, false);
    return folders;
}

void read_libraries(const fs::path& root, const Variables& variables, GpuHost& host) {
    std::set<fs::path> seen;
    for (const auto& [folder, searched] : library_folders(root, variables)) {
        const fs::path file = below(root, folder) / "libcuda.so.1";
        std::error_code error;
        const fs::path real = fs::canonical(file, error);
        if (error || !seen.insert(real).second) continue;
        CudaLibrary library{folder + "/libcuda.so.1", {}, searched};
        constexpr std::string_view stem = "libcuda.so.";
        const std::string name = real.filename().string();
        // libcuda.so.1 and WSL's libcuda.so.1.1 name the interface, not the driver.
        if (name.starts_with(stem) && name.size() > stem.size() + 3)
            library.version = name.substr(stem.size());
        host.libraries.push_back(std::move(library));
    }
}

/// The first of `names` in the folders that programs are installed to, as a path on the host; empty: none.
std::string program_of(const fs::path& root, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/bin/"}) {
            const std::string path = std::string(folder) + name;
            std::error_code error;
            if (fs::symlink_status(below(root, path), error).type() != fs::file_type::not_found) return path;
        }
    }
    return {};
}

void read_containers(const fs::path& root, GpuHost& host) {
    host.engine = program_of(root, {"docker", "podman"});
    if (!host.engine.empty()) {
        std::error_code error;
        const std::string link = fs::read_symlink(below(root, host.engine), error).string();
        host.docker_desktop = link.find("docker-desktop") != std::string::npos;
    }
    host.toolkit = program_of(root, {"nvidia-container-runtime-hook", "nvidia-container-toolkit",
                                     "nvidia-ctk", "nvidia-container-runtime", "nvidia-container-cli"});
    for (const char* folder : {"/etc/cdi", "/var/run/cdi"}) {
        for (const std::string& name : names_in(below(root, folder))) {
            if (host.toolkit.empty() && name.starts_with("nvidia"))
                host.toolkit = std::string(folder) + "/" + name;
        }
    }
}

}  // namespace

const GpuNode* GpuHost::node(const std::string& path) const {
    const auto found = std::ranges::find(nodes, path, &GpuNode::path);
    return found == nodes.end() ? nullptr : &*found;
}

bool GpuHost::has_gpu_node() const {
    return std::ranges::any_of(
        nodes, [](const GpuNode& n) { return digits.find(n.path.back()) != std::string::npos; });
}

std::string kernel_module_version(const std::string& text) {
    // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 …" or, of the open module,
    // "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build …".
    std::istringstream words(text.substr(0, text.find('\n')));
    for (std::string word; words >> word;) {
        const bool number = digits.find(word.front()) != std::string_view::npos &&
                            word.find_first_not_of("0123456789.") == std::string::npos;
        if (number && word.find('.') != std::string::npos) return word;
    }
    return {};
}

GpuHost read_gpu_host(const fs::path& root, const Variables& variables) {
    GpuHost host;
    host.kernel = line_of(below(root, "/proc/sys/kernel/osrelease"));
    host.system = pretty_name(text_of(below(root, "/etc/os-release")));
    host.container = container_of(root, variables);
    std::string lower = host.kernel;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    host.wsl = lower.find("microsoft") != std::string::npos;
    read_pci(root, host);
    read_modules(root, host);
    read_nodes(root, host);
    read_libraries(root, variables, host);
    read_containers(root, host);
    return host;
}

}  // namespace aimlock
