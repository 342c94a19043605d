#pragma once

#include <cstdint>

namespace aimlock {

/// How much an archive may hold when unpacked: a bomb is refused at a size that its download paid for.
inline std::uint64_t unpacked_limit(std::uint64_t archive_bytes) {
    return (std::uint64_t{64} << 20U) + 256 * archive_bytes;
}

}  // namespace aimlock
