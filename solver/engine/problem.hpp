#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aimlock::engine {

/// Index into Problem::solvables.
using SolvableId = std::uint32_t;
/// Index into Problem::keys.
using KeyId = std::uint32_t;

/// One joint problem, as libsolv sees it: a spec is nothing but the set of solvables that meet it ("own
/// matching"), so that no rule of RPM or Debian on names and versions takes part.
///
/// Solvables of one name exclude each other; of the candidates of one name the higher rank is preferred; of
/// candidates of different names the smaller name. Lower ids are decided first.
struct Problem {
    struct Solvable {
        std::uint32_t name = 0;  ///< index into `names`
        std::uint32_t rank = 0;
        std::vector<KeyId> requirements;  ///< one provider of each must be installed with it
        std::vector<KeyId> conflicts;     ///< no provider of any may be
    };
    static constexpr KeyId no_key = 0xffffffff;

    std::vector<std::string> names;
    /// For a PyPI name: the key of all conda records that carry the same distribution (each conflicts with
    /// every wheel of the name); else no_key.
    std::vector<KeyId> identity_keys;
    std::vector<Solvable> solvables;
    std::vector<std::vector<SolvableId>> keys;  ///< providers of each key, ascending
    std::vector<KeyId> jobs;                    ///< keys that must be met, the earlier first
    std::vector<KeyId> wishes;  ///< keys to be met if the jobs still are, the earlier rather than the later

    std::uint32_t add_name(std::string name) {
        names.push_back(std::move(name));
        identity_keys.push_back(no_key);
        return static_cast<std::uint32_t>(names.size() - 1);
    }
    KeyId add_key(std::vector<SolvableId> providers) {
        keys.push_back(std::move(providers));
        return static_cast<KeyId>(keys.size() - 1);
    }
};

/// Solves with libsolv. Returns the installed solvables, ascending, or nullopt when there is no solution.
/// `spent_ms` grows by the time that it took.
std::optional<std::vector<SolvableId>> solve_problem(const Problem& problem, double& spent_ms);

}  // namespace aimlock::engine
