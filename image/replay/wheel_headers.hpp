#pragma once

#include <string_view>

namespace aimlock {

/// The value of the first `Key: value` line of WHEEL or METADATA, without the blanks around it; empty when
/// there is none. Headers end at the first empty line: what follows is a description.
std::string_view header_value(std::string_view text, std::string_view key);

}  // namespace aimlock
