#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace aimlock {

/// `texts` as exec wants them, ended by a null; they must outlive it. The call's signature predates const: it
/// does not write to them.
std::vector<char*> exec_list(const std::vector<std::string>& texts);

/// Waits for a child's end: its exit status, or 128 and the signal that ended it; nullopt: there is no such
/// child. Safe after fork.
std::optional<int> wait_for_end(::pid_t child);

}  // namespace aimlock
