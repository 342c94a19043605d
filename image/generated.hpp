#pragma once

#include <filesystem>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// Stands near the top of every file that `aimlock image` writes and that people might have one of their own
/// of.
inline constexpr std::string_view generated_marker =
    "Written by aimlock image; edit aimlock.toml instead of this file.";

/// Fails when `file` exists and is not ours: it has no marker in its first 1,024 bytes.
Result<void> check_replaceable(const std::filesystem::path& file);

}  // namespace aimlock
