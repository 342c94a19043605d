#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/model/release.hpp"

namespace aimlock {

/// Reads the header of a METADATA document up to the first blank line; folded lines are joined. Fails with
/// code `index` where Name or Version is missing. `document` names it in errors.
Result<CoreMetadata> parse_core_metadata(std::string_view text, const std::string& document);

/// All values of one header field, in order: "Dynamic", "Metadata-Version".
std::vector<std::string> metadata_values(std::string_view text, std::string_view field);

/// The form in which the cache holds METADATA, by its version.
inline constexpr const char* packed_metadata_form = "metadata 1";
std::string pack_core_metadata(const CoreMetadata& metadata);
/// nullopt: damaged.
std::optional<CoreMetadata> unpack_core_metadata(std::string_view packed);

}  // namespace aimlock
