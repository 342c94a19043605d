#pragma once

#include <filesystem>

#include "lock/inventory.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Reads what is in an installed prefix: every file hashed, every conda-meta record and dist-info read.
/// Follows no link out of the prefix. Fails when the folder is not there or cannot be read.
Result<Inventory> read_prefix(const std::filesystem::path& prefix);

}  // namespace aimlock
