#pragma once

#include <string_view>
#include <vector>

#include "fetch/archive/zip_reader.hpp"

namespace aimlock {

/// Holds `entries`, our reading of the ZIP `bytes`, against libarchive's: the same members in the order of
/// their content, the same names (in ASCII), kinds and sizes. Two readers that were written apart rarely err
/// alike. No content is inflated for it.
Result<void> agree_on_members(std::string_view bytes, const std::vector<ZipEntry>& entries);

}  // namespace aimlock
