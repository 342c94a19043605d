#pragma once

#include "cli/commands/commands.hpp"
#include "cli/wiring/solve_flags.hpp"

namespace aimlock::cli {

/// `aimlock solve`: request -> channels, index, name map -> one solve a target -> lock.
Ending solve(const SolveFlags& flags, Console& console);

}  // namespace aimlock::cli
