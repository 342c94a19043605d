#pragma once

#include <string>
#include <string_view>

namespace aimlock {

/// A record of a pax header (POSIX.1-2001): "27 path=…\n", where the number counts the whole record.
std::string pax_record(std::string_view key, std::string_view value);

}  // namespace aimlock
