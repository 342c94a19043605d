#pragma once

#include <set>
#include <string>
#include <vector>

#include "solver/engine/other_python.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// What beside the requirements themselves may have to give way.
struct ToBlame {
    bool cuda = false;
    bool channel_priority = false;
    bool prerelease = false;
    OtherPython* other_python = nullptr;  ///< null: Python has nothing to do with it
    std::set<std::string> sources = {};   ///< projects that have nothing but sources
};

/// Edits of `core` and of what is to blame, each tried by solving the whole request again; at most five, the
/// smallest first: a bound, another Python, another driver, an option, another source, giving something up.
/// `solver` has found that the request has no solution.
std::vector<Repair> find_repairs(TargetSolver& solver, const Roots& core, const ToBlame& blame);

}  // namespace aimlock::engine
