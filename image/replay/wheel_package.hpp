#pragma once

#include <filesystem>

#include "image/replay/packaged_files.hpp"
#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// Unpacks a wheel into `sink`. Its files must be exactly those of its RECORD, with the hashes and sizes that
/// it states.
Result<PackagedFiles> unpack_wheel(const Package& package,
                                   const std::filesystem::path& archive,
                                   FileSink& sink);

}  // namespace aimlock
