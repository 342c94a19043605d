#include "fetch/host_probe.hpp"

#include <array>

#include <sys/utsname.h>
#if !defined(AIMLOCK_STATIC)
#include <dlfcn.h>
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif
#endif

#include <fmt/format.h>

namespace aimlock {
namespace {

std::string conda_platform(const utsname& system) {
    const std::string machine = system.machine;
    const std::string os = std::string_view(system.sysname) == "Darwin" ? "osx" : "linux";
    if (machine == "x86_64") return os + "-64";
    if (machine == "arm64" || machine == "aarch64") return os + (os == "osx" ? "-arm64" : "-aarch64");
    return os + "-" + machine;
}

/// The levels of the x86-64 psABI.
std::string archspec_of(const std::string& machine) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (machine != "x86_64") return machine;
    const bool v2 = __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("popcnt") != 0 &&
                    __builtin_cpu_supports("ssse3") != 0;
    const bool v3 = v2 && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
                    __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("fma") != 0;
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                    __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                    __builtin_cpu_supports("avx512vl") != 0;
    return v4 ? "x86_64_v4" : v3 ? "x86_64_v3" : v2 ? "x86_64_v2" : "x86_64";
#else
    return machine;
#endif
}

#if defined(AIMLOCK_STATIC)
// A static program carries a glibc of its own and cannot load another one's libraries: it reads what is
// installed.
std::optional<std::string> glibc_version() {
    static constexpr std::array places{"/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6",
                                       "/lib64/libc.so.6", "/usr/lib/libc.so.6"};
    for (const char* place : places) {
        const std::optional<std::string> library = read_whole_file(place);
        constexpr std::string_view mark = "stable release version ";
        const std::size_t at = library ? library->find(mark) : std::string::npos;
        if (at == std::string::npos) continue;
        const std::size_t begin = at + mark.size();
        return library->substr(begin, library->find_first_not_of("0123456789.", begin) - begin);
    }
    return std::nullopt;
}

std::optional<std::string> driver_cuda() {
    return std::nullopt;
}
#else
std::optional<std::string> glibc_version() {
#if defined(__GLIBC__)
    return std::string(::gnu_get_libc_version());
#else
    return std::nullopt;
#endif
}

std::optional<std::string> driver_cuda() {
    // Under WSL2 the driver's library lies where the loader does not look by itself.
    static constexpr std::array places{"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"};
    for (const char* place : places) {
        void* library = ::dlopen(place, RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) continue;
        using Version = int (*)(int*);
        const auto version = reinterpret_cast<Version>(::dlsym(library, "cuDriverGetVersion"));
        int number = 0;
        // The library stays loaded: drivers start threads that do not survive an unload.
        if (version != nullptr && version(&number) == 0 && number > 0)
            return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
    }
    return std::nullopt;
}
#endif

/// The variable where it is set (empty: none), else what was found.
std::optional<std::string> overridden(const Environment& environment,
                                      const char* variable,
                                      std::optional<std::string> (*found)()) {
    const auto given = environment.variables.find(variable);
    if (given == environment.variables.end()) return found();
    if (given->second.empty()) return std::nullopt;
    return given->second;
}

}  // namespace

HostFacts probe_host(const Environment& environment) {
    utsname system{};
    ::uname(&system);
    HostFacts facts;
    facts.platform = conda_platform(system);
    facts.archspec = archspec_of(system.machine);
    facts.glibc = overridden(environment, "CONDA_OVERRIDE_GLIBC", &glibc_version);
    facts.cuda = overridden(environment, "CONDA_OVERRIDE_CUDA", &driver_cuda);
    facts.wsl = std::string_view(system.release).find("icrosoft") != std::string_view::npos;
    return facts;
}

}  // namespace aimlock
