#include "solver/engine/gpu_fit.hpp"

namespace aimlock {
namespace {

/// Whether the GPU itself runs it, the driver apart.
bool fits(const GpuArchitecture& code, engine::ComputeCapability gpu) {
    const engine::ComputeCapability made_for{code.number / 10, code.number % 10};
    if (code.variant == 'a') return made_for == gpu;
    const bool one_major = made_for.major == gpu.major;
    // PTX is compiled for every later GPU, machine code and what a family has in common are not.
    if (code.kind == GpuArchitecture::Kind::cubin || code.variant == 'f')
        return one_major && made_for.minor <= gpu.minor;
    return made_for <= gpu;
}

}  // namespace

std::pair<unsigned, unsigned> newest_ptx(std::pair<unsigned, unsigned> cuda) {
    const auto [major, minor] = cuda;
    if (major == 12 && minor > 5) return {8, minor - 1};  // 12.5 and 12.6 have one
    return {major < 4 ? 0 : major - 4, minor};
}

bool runs_on(const GpuArchitecture& code,
             engine::ComputeCapability gpu,
             std::optional<std::pair<unsigned, unsigned>> driver) {
    if (!fits(code, gpu)) return false;
    if (code.kind == GpuArchitecture::Kind::cubin || !driver) return true;
    return std::pair(code.isa_major, code.isa_minor) <= newest_ptx(*driver);
}

}  // namespace aimlock
