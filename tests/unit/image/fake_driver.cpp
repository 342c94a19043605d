// A libcuda.so.1 and libnvidia-ml.so.1 in one that answers as AIMLOCK_FAKE_DRIVER tells it: words such as
// "cuda=12040 count=1 cc=89 cuInit=100 mig=1 wrong=1 crash=cuInit hang=cuInit". A function's name gives its
// result.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <unistd.h>

namespace {

std::string told(const std::string& key) {
    const char* const all = std::getenv("AIMLOCK_FAKE_DRIVER");
    const std::string text = " " + std::string(all == nullptr ? "" : all) + " ";
    const std::size_t at = text.find(" " + key + "=");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size() + 2;
    return text.substr(begin, text.find(' ', begin) - begin);
}

int number(const std::string& key, int otherwise) {
    const std::string value = told(key);
    return value.empty() ? otherwise : std::atoi(value.c_str());
}

/// What the function `name` returns, if it returns at all.
int result_of(const char* name) {
    if (told("crash") == name) std::raise(SIGSEGV);
    while (told("hang") == name) ::pause();
    return number(name, 0);
}

}  // namespace

extern "C" {

int cuInit(unsigned) {
    std::puts("a driver that prints to stdout");
    return result_of("cuInit");
}
int cuDriverGetVersion(int* version) {
    *version = number("cuda", 12040);
    return 0;
}
int cuGetErrorName(int code, const char** name) {
    *name = code == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_FAKED";
    return 0;
}
int cuDeviceGetCount(int* count) {
    *count = number("count", 1);
    return result_of("cuDeviceGetCount");
}
int cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
    return 0;
}
int cuDeviceGetName(char* name, int size, int) {
    std::snprintf(name, static_cast<std::size_t>(size), "Fake\tGPU");
    return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
    const int capability = number("cc", 89);
    *value = attribute == 75 ? capability / 10 : capability % 10;
    return 0;
}
int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
    *bytes = std::size_t{24} << 30U;
    return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
    *context = context;
    return result_of("cuDevicePrimaryCtxRetain");
}
int cuDevicePrimaryCtxRelease_v2(int) {
    return 0;
}
int cuCtxSetCurrent(void*) {
    return 0;
}
int cuCtxSynchronize() {
    return result_of("cuCtxSynchronize");
}
int cuModuleLoadData(void** module, const void* image) {
    *module = module;
    return std::strncmp(static_cast<const char*>(image), ".version", 8) == 0 ? result_of("cuModuleLoadData")
                                                                             : 218;
}
int cuModuleGetFunction(void** function, void*, const char* name) {
    *function = function;
    return std::strcmp(name, "aimlock_check") == 0 ? 0 : 500;
}
int cuMemAlloc_v2(std::uint64_t* address, std::size_t bytes) {
    *address = reinterpret_cast<std::uint64_t>(std::calloc(1, bytes));
    return 0;
}
int cuMemcpyDtoH_v2(void* to, std::uint64_t from, std::size_t bytes) {
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    return 0;
}
// What the kernel's text says, thread by thread.
int cuLaunchKernel(void*,
                   unsigned blocks,
                   unsigned,
                   unsigned,
                   unsigned threads,
                   unsigned,
                   unsigned,
                   unsigned,
                   void*,
                   void** parameters,
                   void**) {
    auto* const out = reinterpret_cast<std::uint32_t*>(*static_cast<std::uint64_t*>(parameters[0]));
    const std::uint32_t seed = *static_cast<std::uint32_t*>(parameters[1]);
    for (std::uint32_t block = 0; block < blocks; ++block) {
        for (std::uint32_t thread = 0; thread < threads; ++thread) {
            const std::uint32_t mixed = (block * threads + thread) * 2654435761U + seed;
            out[block * threads + (threads - 1 - thread)] = mixed ^ (mixed >> 15U);
        }
    }
    for (int i = 0; i < number("wrong", 0); ++i) out[i * 7] ^= 1U << 30U;
    return result_of("cuLaunchKernel");
}

int nvmlInit_v2() {
    return result_of("nvmlInit_v2");
}
int nvmlSystemGetDriverVersion(char* version, unsigned size) {
    std::snprintf(version, size, "%s", told("release").c_str());
    return 0;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = static_cast<unsigned>(number("mig", 0));
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned, void** device) {
    *device = device;
    return 0;
}
int nvmlDeviceGetMigMode(void*, unsigned* current, unsigned* pending) {
    *current = *pending = 1;
    return 0;
}
}
