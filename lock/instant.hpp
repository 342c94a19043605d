#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// Reads an instant: RFC 3339 ("2026-11-20T08:00:00.5+01:00"), or a bare date, which is 00:00 UTC. Gives
/// milliseconds since 1970. Fails on a day or hour that does not exist and on a time with no offset: it would
/// depend on the machine.
Result<std::int64_t> parse_instant(std::string_view text, SourcePos at = {{}, 0, 0});

/// "2026-11-20T00:00:00Z", with milliseconds only where there are any.
std::string instant_text(std::int64_t ms);

}  // namespace aimlock
