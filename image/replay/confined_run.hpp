#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// A program that nobody here wrote, and what it may do.
struct ConfinedProgram {
    std::vector<std::string> words;      ///< the program's path and its arguments
    std::vector<std::string> variables;  ///< "NAME=value": all that it sees
    std::filesystem::path folder;        ///< that it starts in
    std::filesystem::path writable;      ///< the one folder that it may write below
    std::filesystem::path output;        ///< the file that takes what it prints
    /// A folder that it sees, and cannot write to, at another path; both exist. Empty: none.
    std::filesystem::path shown;
    std::filesystem::path shown_at;
    /// False: it runs as any program of the user, network and all; `shown_at` is not made.
    bool confined = true;
};

/// Runs it to its end and returns its exit status (128 + n where signal n ended it). Confined, it has a
/// network of its own with nobody in it, sees every file system read-only but `writable`, has no capability
/// and cannot get one; whatever it leaves running ends with it, and it ends with us. Fails with code
/// `refused` where this machine does not let us confine a program.
Result<int> run_confined(const ConfinedProgram& program);

}  // namespace aimlock
