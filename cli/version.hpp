#pragma once

#include <string>

namespace aimlock::cli {

/// "aimlock 0.1.0", and with `libraries` a line for each library that answers depend on.
std::string version_text(bool libraries);

}  // namespace aimlock::cli
