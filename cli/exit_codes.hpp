#pragma once

namespace aimlock::cli {

/// What the program's exit says, the same for every command.
inline constexpr int exit_yes = 0;            ///< done, or the answer is yes
inline constexpr int exit_no = 1;             ///< the answer is no: unsatisfiable, stale, drift
inline constexpr int exit_could_not = 2;      ///< could not find out: usage, files, network, a fault of ours
inline constexpr int exit_pipe_closed = 141;  ///< as a shell shows death by SIGPIPE

}  // namespace aimlock::cli
