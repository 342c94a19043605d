#pragma once

#include <cstdint>
#include <filesystem>

#include "solver/base/result.hpp"

namespace aimlock {

/// The one time of all files of an image, in seconds: 1980-01-01, the oldest that a zip archive can state.
inline constexpr std::int64_t fixed_time_s = 315532800;

/// Gives everything below `prefix`, and the folders from there up to `root`, one time (1980-01-01): a layer
/// of an image that is replayed again, on any machine, is then the same bytes. Byte code stays valid: it is
/// of the unchecked kind.
Result<void> fix_times(const std::filesystem::path& prefix, const std::filesystem::path& root);

}  // namespace aimlock
