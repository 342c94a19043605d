#pragma once

#include <optional>
#include <string>

#include "image/replay/prefix_state.hpp"

namespace aimlock {

std::string marker_json(const PrefixMarker& marker);
std::optional<PrefixMarker> marker_of(const std::string& text);

}  // namespace aimlock
