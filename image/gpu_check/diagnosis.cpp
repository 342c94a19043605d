#include "image/gpu_check/diagnosis.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "image/gpu_check/host_faults.hpp"

namespace aimlock {
namespace {

std::string joined(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    }
    return text;
}

GpuCheck describe_host(const GpuHost& host) {
    const std::string kernel =
        (host.wsl ? "WSL2 " : "Linux ") + (host.kernel.empty() ? "of unknown release" : host.kernel);
    return {"host",
            CheckLevel::ok,
            {},
            joined({kernel, host.system, host.container.empty() ? "" : "in " + host.container}),
            {}};
}

GpuCheck describe_driver(const GpuHost& host, const DriverAnswer& driver) {
    std::string release = driver.release.empty() ? host.module_version : driver.release;
    if (release.empty() && !host.libraries.empty()) release = host.libraries.front().version;
    return {"driver",
            CheckLevel::ok,
            {},
            fmt::format("{}{} supports CUDA {} ({})", host.wsl ? "Windows " : "",
                        release.empty() ? "of unknown release" : release, driver.cuda_text(), driver.library),
            {}};
}

GpuCheck describe_gpu(const DriverGpu& gpu, std::size_t ordinal) {
    GpuCheck check{fmt::format("gpu {}", ordinal), CheckLevel::ok, {}, {}, {}};
    const std::string what = fmt::format("{}, sm_{}{}, {:.1f} GiB", gpu.name, gpu.major, gpu.minor,
                                         static_cast<double>(gpu.memory_bytes) / (1024.0 * 1024.0 * 1024.0));
    if (gpu.proven) {
        check.message = what + ": ran a kernel, all results right";
        return check;
    }
    const bool wrong = gpu.fault.find("are wrong") != std::string::npos;
    check.level = CheckLevel::error;
    check.fault = wrong ? "kernel-wrong" : "kernel-failed";
    check.message = what + ": " + gpu.fault;
    check.help = wrong ? "take this GPU out of use: its memory or its clock may be broken"
                       : "see what `dmesg | grep -i nvrm` says, and whether another program holds the GPU";
    return check;
}

/// What containers that are started here will find.
void describe_containers(const GpuHost& host, std::vector<GpuCheck>& checks) {
    if (host.engine.empty() || !host.container.empty()) return;
    if (host.docker_desktop) {
        checks.push_back({"toolkit", CheckLevel::ok, {}, "Docker Desktop brings its own", {}});
    } else if (!host.toolkit.empty()) {
        checks.push_back({"toolkit", CheckLevel::ok, {}, host.toolkit, {}});
    } else {
        checks.push_back(
            {"toolkit", CheckLevel::error, "no-toolkit",
             fmt::format("{} is here, the NVIDIA container toolkit is not: containers get no GPU",
                         host.engine),
             "install nvidia-container-toolkit, then run `sudo nvidia-ctk runtime configure`"});
    }
}

bool shows_driver(const GpuHost& host) {
    return host.module_loaded || host.has_gpu_node() || !host.libraries.empty() ||
           host.node("/dev/dxg") != nullptr;
}

void warn_of_wsl_loader(const GpuHost& host, const DriverAnswer& driver, std::vector<GpuCheck>& checks) {
    const bool unseen = host.wsl && host.container.empty() && !host.libraries.empty() &&
                        std::ranges::none_of(host.libraries, &CudaLibrary::searched);
    if (!unseen || driver.library.empty()) return;
    checks.push_back(
        {"loader", CheckLevel::warn, "wsl-not-searched",
         "the loader does not look into /usr/lib/wsl/lib: programs find no driver by themselves",
         "run `echo /usr/lib/wsl/lib | sudo tee /etc/ld.so.conf.d/ld.wsl.conf && sudo ldconfig`"});
}

}  // namespace

std::vector<GpuCheck> diagnose(const GpuHost& host, const DriverAnswer& driver, const Variables& variables) {
    std::vector<GpuCheck> checks{describe_host(host)};
    std::optional<GpuCheck> of_files = find_host_fault(host, variables);
    if (driver.proven()) {
        checks.push_back(describe_driver(host, driver));
        if (of_files) {
            of_files->level = CheckLevel::note;
            of_files->help.clear();
            checks.push_back(*of_files);
        }
    } else if (of_files) {
        checks.push_back(*of_files);
    } else if (!can_ask_driver()) {
        checks.push_back({"driver", CheckLevel::unproven, "static-program",
                          "the files look right; this static program cannot load libcuda.so.1 to prove it",
                          "run the dynamically linked `aimlock doctor`"});
    } else if (const auto of_driver = find_driver_fault(host, driver, variables)) {
        checks.push_back(*of_driver);
    } else {
        checks.push_back(describe_driver(host, driver));
    }
    for (std::size_t i = 0; i < driver.gpus.size(); ++i) checks.push_back(describe_gpu(driver.gpus[i], i));
    warn_of_wsl_loader(host, driver, checks);
    if (shows_driver(host)) describe_containers(host, checks);
    return checks;
}

std::optional<GpuCheck> diagnose_folder(const GpuHost& host, const std::filesystem::path& folder) {
    constexpr std::string_view mounts = "/mnt/";
    const std::string path = folder.string() + "/";
    const bool of_windows = path.starts_with(mounts) && path.size() > mounts.size() + 1 &&
                            path[mounts.size()] != '/' && path[mounts.size() + 1] == '/';
    if (!host.wsl || !of_windows) return std::nullopt;
    return GpuCheck{"files", CheckLevel::warn, "windows-disk",
                    fmt::format("{} is on a disk of Windows, many times slower", folder.string()),
                    "work in a folder of Linux's own, such as ~/work"};
}

}  // namespace aimlock
