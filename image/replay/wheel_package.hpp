#pragma once

#include <filesystem>

#include "image/replay/replayed_package.hpp"
#include "image/replay/staged_tree.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Unpacks a wheel into `tree` as package number `index`. Its files must be exactly those of its RECORD, with
/// the hashes and sizes that it states.
Result<ReplayedPackage> replay_wheel(const Package& package,
                                     const std::filesystem::path& archive,
                                     const PrefixLayout& layout,
                                     StagedTree& tree,
                                     std::size_t index);

}  // namespace aimlock
