#pragma once

#include <cstdint>
#include <vector>

#include "solver/engine/problem.hpp"

namespace aimlock::engine {

/// Why a solvable cannot be part of any solution.
struct Death {
    enum class Why : std::uint8_t {
        alive,
        rival,     ///< `key` must be met, only by other solvables of its name
        unmet,     ///< its requirement `key` has no provider left
        excluded,  ///< the one live provider of a forced key, `by`, conflicts with it
        carried,  ///< forced `key` is met by conda records only, all of which carry this wheel's distribution
    } why = Why::alive;
    KeyId key = 0;
    SolvableId by = 0;  ///< `excluded`: the solvable that conflicts with it
};

/// Why a key must be met.
struct Forced {
    bool forced = false;
    bool is_job = false;
    KeyId by = 0;  ///< not a job: every provider of this forced key requires it
};

/// What can be told about a problem before any search: exact, so that dropping the dead changes no answer.
struct Pruning {
    std::vector<Death> deaths;   ///< by solvable
    std::vector<Forced> forced;  ///< by key
    bool contradiction = false;  ///< a forced key has no provider left: there is no solution
    KeyId empty_key = 0;         ///< that key

    [[nodiscard]] bool alive(SolvableId id) const { return deaths[id].why == Death::Why::alive; }
};

/// Unit reasoning to a fixpoint: a forced key kills the rivals of its providers, a solvable with an empty
/// requirement dies, what every provider of a forced key requires is forced too. With it libsolv's search on
/// hard inputs is 4 to 70 times shorter; libsolv itself learns the same facts one version at a time.
Pruning prune(const Problem& problem);

}  // namespace aimlock::engine
