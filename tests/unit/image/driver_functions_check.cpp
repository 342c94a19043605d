// Compiled beside a CUDA Toolkit's cuda.h, never linked: our declarations of the driver's functions against
// its own.
#include <type_traits>

#include <cuda.h>

#include "image/gpu_check/driver_functions.hpp"

namespace {

/// True when two function types have the same number of parameters, each and the result of one size.
template <class Theirs, class Ours>
struct SameShape : std::false_type {};
template <class R1, class... P1, class R2, class... P2>
requires(sizeof...(P1) == sizeof...(P2)) struct SameShape<R1(P1...), R2(P2...)>
    : std::bool_constant<sizeof(R1) == sizeof(R2) &&
                         ((sizeof(P1) == sizeof(P2) &&
                           std::is_pointer_v<P1> == std::is_pointer_v<P2>)&&...)> {
};

namespace cu = aimlock::driver;
static_assert(SameShape<decltype(cuInit), cu::Init>::value);
static_assert(SameShape<decltype(cuDriverGetVersion), cu::DriverGetVersion>::value);
static_assert(SameShape<decltype(cuGetErrorName), cu::GetErrorName>::value);
static_assert(SameShape<decltype(cuDeviceGetCount), cu::DeviceGetCount>::value);
static_assert(SameShape<decltype(cuDeviceGet), cu::DeviceGet>::value);
static_assert(SameShape<decltype(cuDeviceGetName), cu::DeviceGetName>::value);
static_assert(SameShape<decltype(cuDeviceGetAttribute), cu::DeviceGetAttribute>::value);
static_assert(SameShape<decltype(cuDeviceTotalMem), cu::DeviceTotalMem>::value);
static_assert(SameShape<decltype(cuDevicePrimaryCtxRetain), cu::PrimaryCtxRetain>::value);
static_assert(SameShape<decltype(cuDevicePrimaryCtxRelease), cu::PrimaryCtxRelease>::value);
static_assert(SameShape<decltype(cuCtxSetCurrent), cu::CtxSetCurrent>::value);
static_assert(SameShape<decltype(cuCtxSynchronize), cu::CtxSynchronize>::value);
static_assert(SameShape<decltype(cuModuleLoadData), cu::ModuleLoadData>::value);
static_assert(SameShape<decltype(cuModuleGetFunction), cu::ModuleGetFunction>::value);
static_assert(SameShape<decltype(cuMemAlloc), cu::MemAlloc>::value);
static_assert(SameShape<decltype(cuMemcpyDtoH), cu::MemcpyDtoH>::value);
static_assert(SameShape<decltype(cuLaunchKernel), cu::LaunchKernel>::value);

// The names that are looked up are those that the header stands for.
#define AIMLOCK_TEXT_OF(name) #name
#define AIMLOCK_EXPANDED(name) AIMLOCK_TEXT_OF(name)
constexpr bool same(const char* a, const char* b) {
    for (; *a != '\0' && *a == *b; ++a, ++b) {
    }
    return *a == *b;
}
static_assert(same(AIMLOCK_EXPANDED(cuMemAlloc), "cuMemAlloc_v2"));
static_assert(same(AIMLOCK_EXPANDED(cuMemcpyDtoH), "cuMemcpyDtoH_v2"));
static_assert(same(AIMLOCK_EXPANDED(cuDeviceTotalMem), "cuDeviceTotalMem_v2"));
static_assert(same(AIMLOCK_EXPANDED(cuDevicePrimaryCtxRelease), "cuDevicePrimaryCtxRelease_v2"));

static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == cu::attribute_capability_major);
static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == cu::attribute_capability_minor);
static_assert(static_cast<int>(CUDA_ERROR_STUB_LIBRARY) == cu::stub_library);
static_assert(static_cast<int>(CUDA_ERROR_NO_DEVICE) == cu::no_device);
static_assert(static_cast<int>(CUDA_ERROR_SYSTEM_NOT_READY) == cu::system_not_ready);
static_assert(static_cast<int>(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH) == cu::driver_mismatch);
static_assert(static_cast<int>(CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE) == cu::compat_not_supported);

}  // namespace
