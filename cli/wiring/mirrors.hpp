#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cli/render/console.hpp"
#include "solver/base/result.hpp"

namespace aimlock::cli {

/// URL prefix -> prefixes that are asked in its place, in order.
using Mirrors = std::map<std::string, std::vector<std::string>>;

/// Reads what `--mirror URL=URL` says. Fails on a text that is not two addresses.
Result<Mirrors> read_mirrors(const std::vector<std::string>& written);

/// The `[mirrors]` of the aimlock.toml in a lock's folder: a lock names origins, and where they are really to
/// be had is said there. None where there is no such manifest, or where it cannot be read, which is told.
Mirrors mirrors_beside(const std::filesystem::path& lock_file, Console& console);

}  // namespace aimlock::cli
