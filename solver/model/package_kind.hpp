#pragma once

#include <cstdint>

namespace aimlock {

/// Which world a package comes from.
enum class PackageKind : std::uint8_t { conda, pypi };

}  // namespace aimlock
