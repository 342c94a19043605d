#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/replay/replayed_package.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Path of the listing relative to the prefix.
inline constexpr std::string_view listing_path = "conda-meta/aimlock-files";

/// The files of `packages` below `folder` with their sizes and times, one a line: what a later run compares
/// to know, without reading them, that nobody touched them.
Result<std::string> prefix_listing(const std::vector<ReplayedPackage>& packages,
                                   const std::filesystem::path& folder);

/// Whether every file that `listing` names lies below `folder` with the same size and time.
bool is_as_listed(std::string_view listing, const std::filesystem::path& folder, unsigned threads);

}  // namespace aimlock
