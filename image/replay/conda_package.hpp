#pragma once

#include <filesystem>

#include "image/replay/replayed_package.hpp"
#include "image/replay/staged_tree.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Unpacks a conda package (`.conda` or `.tar.bz2`, told apart by its first bytes) into `tree` as package
/// number `index`. Its files must be exactly those that it lists, with the hashes that it states.
Result<ReplayedPackage> replay_conda_package(const Package& package,
                                             const std::filesystem::path& archive,
                                             const PrefixLayout& layout,
                                             StagedTree& tree,
                                             std::size_t index);

}  // namespace aimlock
