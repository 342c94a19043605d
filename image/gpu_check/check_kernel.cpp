#include "image/gpu_check/check_kernel.hpp"

namespace aimlock {

const char* const check_kernel_ptx = R"(.version 6.0
.target sm_30
.address_size 64

.visible .entry aimlock_check(.param .u64 out, .param .u32 seed)
{
    .shared .align 4 .b8 mixed[1024];
    .reg .b32 %thread, %block, %size, %index, %value, %high, %base, %place;
    .reg .b64 %out, %offset;

    ld.param.u64 %out, [out];
    ld.param.u32 %value, [seed];
    cvta.to.global.u64 %out, %out;
    mov.u32 %thread, %tid.x;
    mov.u32 %block, %ctaid.x;
    mov.u32 %size, %ntid.x;
    mad.lo.u32 %index, %block, %size, %thread;

    mad.lo.u32 %value, %index, 2654435761, %value;
    shr.u32 %high, %value, 15;
    xor.b32 %value, %value, %high;

    mov.u32 %base, mixed;
    mad.lo.u32 %place, %thread, 4, %base;
    st.shared.u32 [%place], %value;
    bar.sync 0;
    sub.u32 %place, %size, %thread;
    sub.u32 %place, %place, 1;
    mad.lo.u32 %place, %place, 4, %base;
    ld.shared.u32 %value, [%place];

    mul.wide.u32 %offset, %index, 4;
    add.u64 %out, %out, %offset;
    st.global.u32 [%out], %value;
    ret;
}
)";

std::uint32_t check_kernel_value(std::uint32_t index, std::uint32_t seed) {
    const std::uint32_t thread = index % check_kernel_threads;
    const std::uint32_t opposite = index - thread + (check_kernel_threads - 1 - thread);
    const std::uint32_t value = opposite * 2654435761U + seed;
    return value ^ (value >> 15U);
}

}  // namespace aimlock
