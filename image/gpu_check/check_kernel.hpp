#pragma once

#include <cstdint>

namespace aimlock {

/// The kernel that proves a GPU, as PTX: `aimlock_check(u64 out, u32 seed)`, one u32 a thread. ISA 6.0 and
/// compute 3.0, so that every driver since CUDA 9 compiles it, for every GPU that it knows.
extern const char* const check_kernel_ptx;
inline constexpr const char* check_kernel_name = "aimlock_check";
inline constexpr unsigned check_kernel_blocks = 64;
inline constexpr unsigned check_kernel_threads =
    256;  ///< a block; its shared memory is made for no other number

/// What the kernel writes at `index`: each thread mixes its number with `seed`, then takes the value of the
/// thread that lies opposite in its block, through shared memory.
std::uint32_t check_kernel_value(std::uint32_t index, std::uint32_t seed);

}  // namespace aimlock
