#pragma once

#include <filesystem>

#include "solver/base/result.hpp"

namespace aimlock {

/// Gives everything below `prefix`, and the folders from there up to `root`, one time (1980-01-01): a layer
/// of an image that is replayed again, on any machine, is then the same bytes. Byte code stays valid: it is
/// of the unchecked kind.
Result<void> fix_times(const std::filesystem::path& prefix, const std::filesystem::path& root);

}  // namespace aimlock
