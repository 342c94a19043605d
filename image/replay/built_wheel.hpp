#pragma once

#include <filesystem>

#include "image/replay/replayed_package.hpp"
#include "lock/lockfile.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Holds a wheel that was built against the lock: its name and version are the package's, its tags fit the
/// target's Python and platform, and it requires nothing that the lock did not know when it was solved.
/// Fails with code `integrity`.
Result<void> check_built_wheel(const std::filesystem::path& wheel,
                               const Package& package,
                               const LockTarget& target,
                               const PrefixLayout& layout);

}  // namespace aimlock
