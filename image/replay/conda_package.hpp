#pragma once

#include <filesystem>

#include "image/replay/packaged_files.hpp"
#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// Unpacks a conda package (`.conda` or `.tar.bz2`, told apart by its first bytes) into `sink`. Its files
/// must be exactly those that it lists, with the hashes that it states.
Result<PackagedFiles> unpack_conda_package(const Package& package,
                                           const std::filesystem::path& archive,
                                           FileSink& sink);

}  // namespace aimlock
