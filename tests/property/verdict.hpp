#pragma once

#include <string>

#include "tests/property/world.hpp"

namespace aimlock::testing {

/// What the solver made of a world, held against exhaustive search.
struct Verdict {
    std::string mismatch;  ///< empty: all is as it must be; else its kind, a colon and the details
    bool solvable = false;
    bool optimum_compared = false;
    bool too_large = false;  ///< for exhaustive search, or for the objective's trials
    int repairs = 0;         ///< that were applied and searched again
    bool core_compared = false;
};

/// Solves the world, in two orders of arrival, and compares.
Verdict judge(const World& world);

/// The smallest world that can be had from `world` by taking parts away and that has a mismatch of the same
/// kind.
World shrunk(World world, const std::string& mismatch);

}  // namespace aimlock::testing
