#pragma once

#include <cstddef>
#include <cstdint>

/// The functions of NVIDIA's driver library (libcuda.so.1) and of its management library (libnvidia-ml.so.1)
/// that the GPU check calls, declared here so that no toolkit is needed. Results are numbers: 0 is success.
/// tests/unit/image/driver_functions_check.cpp holds them to cuda.h where a toolkit is installed.
namespace aimlock::driver {

using Device = int;
struct Context;   ///< CUctx_st
struct Module;    ///< CUmod_st
struct Function;  ///< CUfunc_st
struct Stream;    ///< CUstream_st
using Address = std::uint64_t;

using Init = int(unsigned flags);
using DriverGetVersion = int(int* version);
using GetErrorName = int(int error, const char** name);
using DeviceGetCount = int(int* count);
using DeviceGet = int(Device* device, int ordinal);
using DeviceGetName = int(char* name, int size, Device device);
using DeviceGetAttribute = int(int* value, int attribute, Device device);
using DeviceTotalMem = int(std::size_t* bytes, Device device);
using PrimaryCtxRetain = int(Context** context, Device device);
using PrimaryCtxRelease = int(Device device);
using CtxSetCurrent = int(Context* context);
using CtxSynchronize = int();
using ModuleLoadData = int(Module** module, const void* image);
using ModuleGetFunction = int(Function** function, Module* module, const char* name);
using MemAlloc = int(Address* address, std::size_t bytes);
using MemcpyDtoH = int(void* to, Address from, std::size_t bytes);
using LaunchKernel = int(Function* function,
                         unsigned grid_x,
                         unsigned grid_y,
                         unsigned grid_z,
                         unsigned block_x,
                         unsigned block_y,
                         unsigned block_z,
                         unsigned shared_bytes,
                         Stream* stream,
                         void** parameters,
                         void** extra);

inline constexpr int attribute_capability_major = 75;
inline constexpr int attribute_capability_minor = 76;

/// What the driver's functions return, as far as the check tells it apart.
inline constexpr int stub_library = 34;
inline constexpr int no_device = 100;
inline constexpr int system_not_ready = 802;
inline constexpr int driver_mismatch = 803;
inline constexpr int compat_not_supported = 804;

struct NvmlDevice;
using NvmlInit = int();
using NvmlDriverVersion = int(char* version, unsigned size);
using NvmlDeviceCount = int(unsigned* count);
using NvmlDeviceByIndex = int(unsigned index, NvmlDevice** device);
using NvmlMigMode = int(NvmlDevice* device, unsigned* current, unsigned* pending);
inline constexpr int nvml_mismatch = 18;  ///< library and kernel module are of two releases

}  // namespace aimlock::driver
