#pragma once

#include <filesystem>
#include <string>

#include "solver/base/result.hpp"

namespace aimlock {

/// Unpacks an archive of sources (`.tar.gz`, `.zip`, `.tar`, by the end of its name) below `folder`, which
/// exists and is empty, and returns the project's folder: the one at its top, or `subdirectory` in that.
/// Refuses what `fetch/archive` refuses, entries that fill a path twice, and links out of the folder.
Result<std::filesystem::path> unpack_sources(const std::filesystem::path& archive,
                                             const std::string& subdirectory,
                                             const std::filesystem::path& folder);

}  // namespace aimlock
