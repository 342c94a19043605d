#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// Code for GPUs of one architecture.
struct GpuArchitecture {
    enum class Kind : std::uint8_t {
        cubin,  ///< machine code: sm_90
        ptx,    ///< text that the driver compiles: compute_90
    } kind = Kind::cubin;
    unsigned number = 0;  ///< 90 for 9.0, 120 for 12.0
    /// 'a': runs on this very architecture, 'f': on its family, '\0': on all later minors of its major.
    char variant = '\0';
    unsigned isa_major = 0;  ///< of PTX: the language's version, which the driver must know
    unsigned isa_minor = 0;

    friend auto operator<=>(const GpuArchitecture&, const GpuArchitecture&) = default;
    /// "sm_90a" or "compute_90".
    [[nodiscard]] std::string text() const;
};

/// The GPU code of one object: what its fatbins hold, sorted, each once.
struct GpuCode {
    std::vector<GpuArchitecture> architectures;
    std::uint64_t fatbins = 0;
};

/// Reads the section `.nv_fatbin` of a 64-bit ELF object; an object without it, and a file that is no such
/// object, have no GPU code. Of fatbins only headers are read. An object with that section is searched for
/// fatbins elsewhere in its data, too: cuFFT has nearly all of its kernels there. Fails on a file that cannot
/// be read, and on one whose headers do not add up.
Result<GpuCode> read_gpu_code(const std::filesystem::path& file);
/// The same of the file `name` of an open folder.
Result<GpuCode> read_gpu_code_below(int folder, const std::string& name);

}  // namespace aimlock
