#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "solver/engine/conda_world.hpp"

namespace aimlock::engine {

/// The conda records that take part in a solve: what the roots can reach, less what cannot be part of any
/// answer, less what a better record of the same class makes superfluous.
struct CondaSelection {
    std::vector<RecordId> records;  ///< grouped by name, best first
    std::vector<SpecId> roots;      ///< in the manifest's order, `python` first; then the virtual packages
};

/// What comes before what among the records of a name.
struct CondaPreference {
    bool lowest_all = false;               ///< every name prefers its oldest version
    bool lowest_roots = false;             ///< those that are asked for do
    std::vector<std::string> raised = {};  ///< but these prefer their newest
    /// Records that an earlier answer holds: before all others, and of these the higher number first.
    std::unordered_map<RecordId, int> kept;
    /// Bounds that ask for nothing, but tell records apart.
    std::vector<SpecId> constraints = {};

    friend bool operator==(const CondaPreference&, const CondaPreference&) = default;
};

/// Selects for `roots`, whose closure `world.expand` must have read. With `every_record` nothing is left out
/// but what cannot be reached: explanations name records that could never be part of an answer.
///
/// Two records are of one class when the same specs in use match them, they depend on and constrain the same,
/// and they carry the same distributions: only the best of a class is kept. Without it a channel with ten
/// times the builds costs a hundred times the rules, for libsolv pairs all solvables of a name.
CondaSelection select_conda(CondaWorld& world,
                            const std::vector<SpecId>& roots,
                            const CondaPreference& preference,
                            bool every_record);

}  // namespace aimlock::engine
