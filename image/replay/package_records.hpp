#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "image/replay/replayed_package.hpp"
#include "lock/lockfile.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Writes what other programs read to know what is installed: conda-meta/*.json for conda packages, RECORD
/// for wheels. No clock and no path of the cache goes into them: the same lock at the same prefix gives the
/// same bytes.
Result<void> write_records(const Lock& lock,
                           const std::string& target,
                           const PrefixLayout& layout,
                           const std::vector<ReplayedPackage>& packages,
                           const std::filesystem::path& folder);

/// conda-meta/history: what conda reads to know that a folder is an environment and what was asked for. Empty
/// for a part of an image, whose layers must not disagree on it.
Result<void> write_history(const Lock& lock,
                           const std::string& target,
                           const std::vector<const Package*>& packages,
                           bool is_part,
                           const std::filesystem::path& folder);

/// conda-meta/aimlock-files (prefix_listing.hpp).
Result<void> write_listing(const std::filesystem::path& folder, std::string_view listing);

}  // namespace aimlock
