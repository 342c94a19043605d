#pragma once

#include <string>

namespace aimlock {

/// The SAT solver in use: "libsolv 0.7.23".
std::string solver_library_version();

}  // namespace aimlock
