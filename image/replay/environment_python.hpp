#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace aimlock {

/// Runs an environment's Python, `words` being the program and its arguments, over the text of `input`; what
/// it prints is dropped. No variable of ours reaches it, and strings hash equally in every run, since the
/// order of sets is part of byte code. It ends when the calling thread does. False: it did not start or did
/// not end well.
bool run_environment_python(const std::vector<std::string>& words,
                            const std::filesystem::path& input = "/dev/null");

}  // namespace aimlock
