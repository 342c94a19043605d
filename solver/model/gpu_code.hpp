#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

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

/// What the libraries of a wheel say of CUDA, as far as they were read.
struct WheelCode {
    std::vector<GpuArchitecture> architectures;  ///< sorted, each once
    std::vector<unsigned> cuda_majors;           ///< of the CUDA libraries that they load, sorted
    bool whole = false;                          ///< every library that may hold GPU code was read

    friend bool operator==(const WheelCode&, const WheelCode&) = default;
};

/// "sm_80 sm_90 compute_90".
std::string text_of(const std::vector<GpuArchitecture>& architectures);

}  // namespace aimlock
