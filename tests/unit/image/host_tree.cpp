#include "tests/unit/image/host_tree.hpp"

#include <cstdlib>

namespace aimlock::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* debian_folder = "usr/lib/x86_64-linux-gnu";

}  // namespace

HostTree& HostTree::text(const std::string& path, const std::string& content) {
    folder_->write(path, content);
    return *this;
}

HostTree& HostTree::link(const std::string& path, const std::string& target) {
    fs::create_directories((root() / path).parent_path());
    fs::remove(root() / path);
    fs::create_symlink(target, root() / path);
    return *this;
}

HostTree& HostTree::without(const std::string& path) {
    fs::remove_all(root() / path);
    return *this;
}

HostTree& HostTree::library(const std::string& folder, const std::string& version) {
    fs::create_directories(root() / folder);
    for (const std::string name : {"libcuda.so.", "libnvidia-ml.so."}) {
        fs::copy_file(AIMLOCK_FAKE_DRIVER_LIBRARY, root() / folder / (name + version),
                      fs::copy_options::overwrite_existing);
        if (version != "1") link(folder + "/" + name + "1", name + version);
    }
    return *this;
}

HostTree& HostTree::nodes(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        text("dev/" + name, "");
        fs::permissions(root() / "dev" / name, fs::perms{0666});
    }
    return *this;
}

HostTree& HostTree::pci_gpu(const std::string& driver) {
    const std::string device = "sys/bus/pci/devices/0000:01:00.0/";
    text(device + "vendor", "0x10de\n").text(device + "class", "0x030000\n");
    text("sys/bus/pci/devices/0000:01:00.1/vendor", "0x10de\n");  // the card's sound
    text("sys/bus/pci/devices/0000:01:00.1/class", "0x040300\n");
    return driver.empty() ? without(device + "driver") : link(device + "driver", "../../drivers/" + driver);
}

HostTree& HostTree::module(const std::string& version) {
    text("proc/modules", "nvidia_uvm 1 0 - Live 0x0\nnvidia 56000000 40 - Live 0x0 (POE)\n");
    return text("proc/driver/nvidia/version",
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + version +
                    "  Sun May 12 19:39:15 UTC 2024\nGCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n");
}

HostTree HostTree::machine() {
    HostTree tree;
    tree.text("proc/sys/kernel/osrelease", "6.1.0-28-amd64\n");
    tree.text("etc/os-release",
              "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
    tree.pci_gpu("nvidia").module("535.183.01").library(debian_folder, "535.183.01");
    return tree.nodes({"nvidia0", "nvidiactl", "nvidia-uvm"});
}

HostTree HostTree::wsl() {
    HostTree tree;
    tree.text("proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n");
    tree.text("etc/os-release", "PRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\n");
    tree.text("etc/ld.so.conf.d/ld.wsl.conf", "# made by WSL\n/usr/lib/wsl/lib\n");
    return tree.library("usr/lib/wsl/lib", "1").nodes({"dxg"});
}

HostTree HostTree::container() {
    return machine().text(".dockerenv", "");
}

DriverAnswer HostTree::answered(const std::string& told, std::chrono::milliseconds limit) const {
    ::setenv("AIMLOCK_FAKE_DRIVER", told.c_str(), 1);
    std::vector<std::string> libraries;
    for (const CudaLibrary& library : read_gpu_host(root(), {}).libraries)
        libraries.push_back(root().string() + library.path);
    return ask_driver(libraries, limit);
}

std::vector<GpuCheck> HostTree::diagnosed(const std::string& told, const Variables& variables) const {
    return diagnose(read_gpu_host(root(), variables), answered(told), variables);
}

}  // namespace aimlock::testing
