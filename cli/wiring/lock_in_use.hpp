#pragma once

#include <filesystem>
#include <string>

#include "lock/lockfile.hpp"
#include "solver/base/result.hpp"

namespace aimlock::cli {

/// Reads a lock file. Where there is none, the hint says how to make one.
Result<Lock> read_lock_file(const std::filesystem::path& file);

/// The target to work on: the one that is named, else the lock's only one.
Result<std::string> choose_target(const Lock& lock, const std::string& given);

}  // namespace aimlock::cli
