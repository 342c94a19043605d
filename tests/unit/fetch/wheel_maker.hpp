#pragma once

#include <string>
#include <utility>
#include <vector>

namespace aimlock::testing {

/// A ZIP of deflated members, in order, with a valid directory.
std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members);

/// A wheel `<name>-<version>` with a METADATA that states `requires_dist`, and `padding` bytes of noise
/// before or behind its dist-info folder.
std::string make_wheel(const std::string& name,
                       const std::string& version,
                       const std::vector<std::string>& requires_dist = {},
                       std::size_t padding_before = 0,
                       std::size_t padding_behind = 0);

/// Text that does not compress.
std::string noise(std::size_t size);

}  // namespace aimlock::testing
