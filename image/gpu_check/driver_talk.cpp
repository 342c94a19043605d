#include "image/gpu_check/driver_talk.hpp"

#include <array>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "image/gpu_check/check_kernel.hpp"
#include "image/gpu_check/driver_answer.hpp"
#include "image/gpu_check/driver_functions.hpp"

#if !defined(AIMLOCK_STATIC)
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>
#endif

namespace aimlock {

#if defined(AIMLOCK_STATIC)

// A static program carries a C library of its own and cannot load one that needs the system's.
bool can_ask_driver() {
    return false;
}

void talk_to_driver(const std::vector<std::string>&, int) {}

#else

namespace {

namespace cu = driver;

/// Lines to the parent. What a library says of itself is cut and holds no line ends.
class Lines {
public:
    explicit Lines(int out) : out_(out) {}
    void write(std::string_view key, std::string_view value) const {
        std::string line = fmt::format("{}\t", key);
        for (const char c : value.substr(0, 1000)) line += c == '\n' || c == '\t' ? ' ' : c;
        line += '\n';
        for (std::size_t done = 0; done < line.size();) {
            const ssize_t wrote = ::write(out_, line.data() + done, line.size() - done);
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) return;
            done += static_cast<std::size_t>(wrote);
        }
    }
    void write(std::string_view key, std::uint64_t value) const { write(key, std::to_string(value)); }

private:
    int out_;
};

/// A library of the driver: its functions by name.
class Library {
public:
    Library(void* handle, const Lines& lines) : handle_(handle), lines_(lines) {}

    /// The number that the function returns; -1 where the library has no such function.
    template <class Function, class... Arguments>
    int call(const char* name, Arguments... arguments) const {
        auto* const function = reinterpret_cast<Function*>(::dlsym(handle_, name));
        if (function == nullptr) return -1;
        lines_.write("call", name);
        return function(arguments...);
    }
    /// What went wrong: "cuInit: CUDA_ERROR_NO_DEVICE (100)".
    [[nodiscard]] std::string name_of(int code) const {
        if (code == -1) return "the library has no such function";
        const char* name = nullptr;
        if (call<cu::GetErrorName>("cuGetErrorName", code, &name) == 0 && name != nullptr) return name;
        return "an error without a name";
    }

private:
    void* handle_;
    const Lines& lines_;
};

struct Loaded {
    void* handle = nullptr;
    std::string path;
};

/// The first of `names` that loads. It stays loaded: drivers start threads that do not survive an unload.
std::optional<Loaded> load(const std::vector<std::string>& names, const Lines& lines) {
    std::string fault;
    for (const std::string& name : names) {
        lines.write("call", "the loader");
        if (void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
            link_map* map = nullptr;
            const bool known = ::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr;
            const std::string path = known && *map->l_name != '\0' ? map->l_name : name;
            lines.write("library", path);
            return Loaded{handle, path};
        }
        const char* const words = ::dlerror();
        // The first name that is there at all tells more than the last one that is not.
        if (words != nullptr && (fault.empty() || fault.find("No such file") != std::string::npos))
            fault = words;
    }
    lines.write("load_fault", fault);
    return std::nullopt;
}

/// Calls of the driver one after the other, until one fails.
class Steps {
public:
    explicit Steps(const Library& library) : library_(library) {}
    template <class Function, class... Arguments>
    void call(const char* name, Arguments... arguments) {
        if (code_ != 0) return;
        code_ = library_.call<Function>(name, arguments...);
        if (code_ != 0) call_ = name;
    }
    [[nodiscard]] int code() const { return code_; }
    [[nodiscard]] const std::string& failed_call() const { return call_; }
    [[nodiscard]] std::string fault() const {
        return code_ == 0 ? std::string{} : fmt::format("{}: {} ({})", call_, library_.name_of(code_), code_);
    }

private:
    const Library& library_;
    int code_ = 0;
    std::string call_;
};

/// Runs the check's kernel on `device`; empty when all of its results are right.
std::string check_gpu(const Library& cuda, cu::Device device) {
    cu::Context* context = nullptr;
    cu::Module* module = nullptr;
    cu::Function* function = nullptr;
    cu::Address address = 0;
    constexpr std::uint32_t count = check_kernel_blocks * check_kernel_threads;
    std::uint32_t seed = 0x5eed0000U + static_cast<std::uint32_t>(device);
    std::vector<std::uint32_t> results(count, 0);
    const std::size_t bytes = count * sizeof(std::uint32_t);
    std::array<void*, 2> parameters{&address, &seed};
    cu::Stream* const stream = nullptr;
    void** const extra = nullptr;

    Steps steps(cuda);
    steps.call<cu::PrimaryCtxRetain>("cuDevicePrimaryCtxRetain", &context, device);
    steps.call<cu::CtxSetCurrent>("cuCtxSetCurrent", context);
    steps.call<cu::ModuleLoadData>("cuModuleLoadData", &module, static_cast<const void*>(check_kernel_ptx));
    steps.call<cu::ModuleGetFunction>("cuModuleGetFunction", &function, module, check_kernel_name);
    steps.call<cu::MemAlloc>("cuMemAlloc_v2", &address, bytes);
    steps.call<cu::LaunchKernel>("cuLaunchKernel", function, check_kernel_blocks, 1U, 1U,
                                 check_kernel_threads, 1U, 1U, 0U, stream, parameters.data(), extra);
    steps.call<cu::CtxSynchronize>("cuCtxSynchronize");
    steps.call<cu::MemcpyDtoH>("cuMemcpyDtoH_v2", static_cast<void*>(results.data()), address, bytes);
    // Memory and module go with the context.
    if (context != nullptr) cuda.call<cu::PrimaryCtxRelease>("cuDevicePrimaryCtxRelease_v2", device);
    if (steps.code() != 0) return steps.fault();

    std::uint32_t wrong = 0;
    for (std::uint32_t i = 0; i < count; ++i) wrong += results[i] == check_kernel_value(i, seed) ? 0U : 1U;
    return wrong == 0 ? std::string{} : fmt::format("{} of {} results of the kernel are wrong", wrong, count);
}

void describe_gpu(const Library& cuda, const Lines& lines, int ordinal) {
    cu::Device device = 0;
    std::array<char, 256> name{};
    int major = 0;
    int minor = 0;
    std::size_t bytes = 0;
    Steps steps(cuda);
    steps.call<cu::DeviceGet>("cuDeviceGet", &device, ordinal);
    steps.call<cu::DeviceGetName>("cuDeviceGetName", name.data(), static_cast<int>(name.size()) - 1, device);
    steps.call<cu::DeviceGetAttribute>("cuDeviceGetAttribute", &major, cu::attribute_capability_major,
                                       device);
    steps.call<cu::DeviceGetAttribute>("cuDeviceGetAttribute", &minor, cu::attribute_capability_minor,
                                       device);
    steps.call<cu::DeviceTotalMem>("cuDeviceTotalMem_v2", &bytes, device);
    lines.write("gpu", static_cast<std::uint64_t>(ordinal));
    lines.write("name", name.data());
    lines.write("major", static_cast<std::uint64_t>(major));
    lines.write("minor", static_cast<std::uint64_t>(minor));
    lines.write("memory", bytes);
    const std::string fault = steps.code() == 0 ? check_gpu(cuda, device) : steps.fault();
    lines.write(fault.empty() ? "proven" : "fault", fault);
}

/// What the management library knows beside: the driver's release, and GPUs in MIG mode.
void ask_management(const std::string& cuda_library, const Lines& lines) {
    const std::string beside = cuda_library.substr(0, cuda_library.rfind('/') + 1) + "libnvidia-ml.so.1";
    void* handle = ::dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) handle = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return;
    const Library nvml(handle, lines);
    const int code = nvml.call<cu::NvmlInit>("nvmlInit_v2");
    if (code == cu::nvml_mismatch) lines.write("mismatch", "1");
    if (code != 0) return;
    std::array<char, 96> release{};
    if (nvml.call<cu::NvmlDriverVersion>("nvmlSystemGetDriverVersion", release.data(),
                                         static_cast<unsigned>(release.size()) - 1) == 0)
        lines.write("release", release.data());
    unsigned count = 0;
    std::uint64_t mig_gpus = 0;
    if (nvml.call<cu::NvmlDeviceCount>("nvmlDeviceGetCount_v2", &count) != 0) return;
    for (unsigned i = 0; i < count; ++i) {
        cu::NvmlDevice* device = nullptr;
        unsigned current = 0;
        unsigned pending = 0;
        if (nvml.call<cu::NvmlDeviceByIndex>("nvmlDeviceGetHandleByIndex_v2", i, &device) != 0) continue;
        if (nvml.call<cu::NvmlMigMode>("nvmlDeviceGetMigMode", device, &current, &pending) == 0)
            mig_gpus += current;
    }
    lines.write("mig_gpus", mig_gpus);
}

}  // namespace

bool can_ask_driver() {
    return true;
}

void talk_to_driver(const std::vector<std::string>& libraries, int out) {
    const Lines lines(out);
    const std::optional<Loaded> loaded = load(libraries, lines);
    if (!loaded) return;
    ask_management(loaded->path, lines);
    const Library cuda(loaded->handle, lines);
    int version = 0;
    int count = 0;
    if (cuda.call<cu::DriverGetVersion>("cuDriverGetVersion", &version) == 0)
        lines.write("cuda", static_cast<std::uint64_t>(version));
    Steps steps(cuda);
    steps.call<cu::Init>("cuInit", 0U);
    steps.call<cu::DeviceGetCount>("cuDeviceGetCount", &count);
    if (steps.code() != 0) {
        lines.write("failed_call", steps.failed_call());
        lines.write("failed_code", std::to_string(steps.code()));
        lines.write("failed_name", cuda.name_of(steps.code()));
        return;
    }
    for (int ordinal = 0; ordinal < count; ++ordinal) describe_gpu(cuda, lines, ordinal);
}

#endif

}  // namespace aimlock
