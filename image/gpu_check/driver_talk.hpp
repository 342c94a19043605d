#pragma once

#include <string>
#include <vector>

namespace aimlock {

/// The child's half of `ask_driver`: asks the first library that loads and writes what it says to `out`, as
/// lines `key<TAB>value`. In the static program it does nothing.
void talk_to_driver(const std::vector<std::string>& libraries, int out);

}  // namespace aimlock
