#include "solver/model/target.hpp"

#include <algorithm>
#include <charconv>

#include "solver/version/conda_version.hpp"

namespace aimlock {
namespace {

// What no manifest says and no host may: fixed, so that a target means the same everywhere.
constexpr const char* linux_kernel = "5.10";  // of the oldest distributions still in service
constexpr unsigned macos_major = 14;
constexpr const char* windows_version = "10.0";

bool has_cuda(const Target& target) {
    return target.cuda && !target.cuda->empty() && *target.cuda != "none";
}

bool is(const Target& target, std::string_view system) {
    return target.platform.starts_with(system);
}

std::string_view machine_of(const Target& target) {
    const std::string_view platform = target.platform;
    return platform.substr(std::min(platform.find('-'), platform.size() - 1) + 1);
}

/// The microarchitecture. The field's default is Intel's, which means nothing on other machines: there the
/// family counts.
std::string archspec_of(const Target& target) {
    const std::string_view machine = machine_of(target);
    const bool intel = machine == "64" || machine == "32";
    if (intel || target.archspec != "x86_64") return target.archspec;
    return std::string(machine);
}

/// CEP 46: the lowest compute capability of the fleet.
std::optional<std::string> lowest_arch(const std::vector<std::string>& archs) {
    std::optional<CondaVersion> lowest;
    for (const std::string& arch : archs) {
        auto version = CondaVersion::parse(arch);
        if (version && (!lowest || *version < *lowest)) lowest = *std::move(version);
    }
    return lowest ? std::optional(lowest->text()) : std::nullopt;
}

unsigned number_after(std::string_view text, std::string_view prefix) {
    unsigned number = 0;
    if (text.starts_with(prefix))
        std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
    return number;
}

}  // namespace

std::string VirtualPackage::text() const {
    return name + "=" + version + (build == "0" ? "" : "=" + build);
}

std::vector<VirtualPackage> Target::virtual_packages() const {
    std::vector<VirtualPackage> packages{{"__archspec", "1", archspec_of(*this)}};
    const auto add = [&](const char* fact, std::string version) {
        packages.push_back({fact, std::move(version), "0"});
    };
    if (has_cuda(*this)) {
        add("__cuda", *cuda);
        if (const std::optional<std::string> arch = lowest_arch(cuda_arch)) add("__cuda_arch", *arch);
    }
    if (is(*this, "linux-")) {
        if (!glibc.empty()) add("__glibc", glibc);
        add("__linux", linux_kernel);
        add("__unix", "0");
    } else if (is(*this, "osx-")) {
        add("__osx", std::to_string(macos_major) + ".0");
        add("__unix", "0");
    } else if (is(*this, "win-")) {
        add("__win", windows_version);
    }
    std::ranges::sort(packages, {}, &VirtualPackage::name);
    return packages;
}

MarkerEnvironment Target::markers(const std::string& python_full_version) const {
    MarkerEnvironment environment;
    environment.python_full_version = python_full_version;
    environment.implementation_version = python_full_version;
    const std::size_t first_dot = python_full_version.find('.');
    const std::size_t second_dot =
        first_dot == std::string::npos ? first_dot : python_full_version.find('.', first_dot + 1);
    environment.python_version = python_full_version.substr(0, second_dot);
    const std::string_view machine = machine_of(*this);
    environment.platform_machine = machine == "64" ? "x86_64" : machine == "32" ? "i686" : machine;
    environment.platform_release = linux_kernel;
    if (is(*this, "osx-")) {
        environment.platform_system = "Darwin";
        environment.platform_release =
            std::to_string(macos_major + 9) + ".0.0";  // Darwin counts 9 ahead of macOS
        environment.sys_platform = "darwin";
    } else if (is(*this, "win-")) {
        environment.os_name = "nt";
        environment.platform_system = "Windows";
        environment.platform_release = "10";
        environment.sys_platform = "win32";
        environment.platform_machine = machine == "arm64" ? "ARM64" : machine == "32" ? "x86" : "AMD64";
    }
    return environment;
}

TagPlatform Target::tag_platform(unsigned minor, bool free_threaded) const {
    TagPlatform tags;
    tags.python_minor = minor;
    tags.free_threaded = free_threaded;
    tags.conda_subdir = platform;
    tags.glibc_minor = number_after(glibc, "2.");
    tags.macos_major = macos_major;
    tags.macos_minor = 0;
    return tags;
}

}  // namespace aimlock
