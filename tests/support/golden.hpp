#pragma once

#include <string_view>

namespace aimlock::testing {

/// Compares `actual` with tests/golden/<name>, byte for byte.
/// With AIMLOCK_ACCEPT=1 in the environment it rewrites the file and skips the test, so that an accepting run
/// can never be read as a passing one.
void expect_golden(std::string_view name, std::string_view actual);

}  // namespace aimlock::testing
