#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "solver/engine/conda_selection.hpp"
#include "solver/engine/cuda_limits.hpp"
#include "solver/engine/goal.hpp"
#include "solver/engine/problem.hpp"
#include "solver/engine/pypi_world.hpp"
#include "solver/engine/windows.hpp"

namespace aimlock::engine {

/// What a solvable of a Problem stands for.
struct Origin {
    enum class Kind : std::uint8_t {
        record,         ///< a conda record: `index` is its RecordId
        record_extra,   ///< an extra of that record
        unless,         ///< the case that a condition is not met: `index` is the SpecId of a single one
        release,        ///< a release of `project`
        extra,          ///< `extra` of a release of `project`, whoever provides the release
        conda_extra,    ///< `extra` of the distribution that solvable `index` carries at a version that the
                        ///< index does not have: asks for nothing else
        tail,           ///< some release of `project` older than its window: nothing is known, so it fits
        unknown,        ///< a project whose page was not read
        unknown_extra,  ///< `extra` of such a project
        cuda_major,     ///< `index` is the major
        constraints,    ///< the bounds that ask for nothing
        goal,           ///< of a trial: its limits (`index` 0), or step `index` - 1
        naming,         ///< a requirement that names a release, for some Pythons only
    } kind = Kind::record;
    std::uint32_t index = 0;
    ProjectId project = 0;
    ReleaseId release = 0;
    std::uint32_t extra = no_extra;
};

/// What a key asks for, for explanations.
struct KeyMeaning {
    enum class Kind : std::uint8_t {
        spec,
        not_spec,
        user,
        record,
        dependency,
        exact_release,
        naming,
        python,
        identity,
        cuda,
        gpu_code,     ///< code for every GPU of the target: `index` is the project, with `release`
        cuda_extra,   ///< an extra that brings CUDA: the same
        gpu_build,    ///< a build for GPUs: the same
        other_major,  ///< builds for another CUDA major that install the same files
        goal
    } kind = Kind::spec;
    std::uint32_t index = 0;  ///< SpecId, RecordId, DependencyId, ProjectId or CUDA major
    ReleaseId release = 0;
};

/// The conda half of a problem, encoded once for a selection.
struct CondaPart {
    Problem problem;
    std::vector<Origin> origins;
    std::vector<KeyMeaning> meanings;
    std::unordered_map<RecordId, SolvableId> solvable_of;
    /// PyPI name -> the solvables that carry it, at which version.
    std::map<std::string, std::vector<std::pair<Pep440Version, SolvableId>>> identities;
    std::vector<std::pair<unsigned, SolvableId>>
        cuda_versions;                             ///< records that fix CUDA's major for the environment
    std::vector<std::vector<SolvableId>> pythons;  ///< by position in Pythons::candidates

    /// Appends the solvables of a set of Pythons.
    void add_pythons(const PythonSet& set, std::vector<SolvableId>& solvables) const {
        for (std::size_t p = 0; p < pythons.size(); ++p) {
            if (set[p]) solvables.insert(solvables.end(), pythons[p].begin(), pythons[p].end());
        }
    }
};

CondaPart encode_conda(CondaWorld& world,
                       const CondaSelection& selection,
                       const std::vector<SpecId>& constraints,
                       const Pythons& pythons);

/// The part of a problem's conda half that these records make up; its keys keep their ids.
CondaPart only_records(const CondaPart& part, const std::unordered_set<RecordId>& records);

/// A requirement on PyPI that must be met.
struct PypiJob {
    DependencyId dependency = 0;
    bool bounded = false;  ///< has an upper bound: decided before those without
};

/// A problem with what its solvables and keys mean.
struct EncodedRound {
    Problem problem;
    std::vector<Origin> origins;
    std::vector<KeyMeaning> meanings;
    std::map<DependencyId, KeyId> dependency_keys;
    std::map<ProjectId, std::set<std::uint32_t>>
        tail_specifiers;  ///< specifier sets that reach beyond the window
    /// The solvables of each wish of the goals, with their grades.
    std::vector<std::vector<std::pair<SolvableId, Grade>>> wishes;
    bool is_trial = false;  ///< has limits or steps: mostly there is no solution

    KeyId add_key(KeyMeaning meaning, std::vector<SolvableId> providers) {
        meanings.push_back(meaning);
        return problem.add_key(std::move(providers));
    }
};

/// What a round is asked.
struct RoundsInput {
    const CondaPart* conda = nullptr;
    std::vector<PypiJob> jobs;
    ReleaseFilter filter;
    CudaLimits cuda;
    Goals goals;
    bool inherit_bounds = false;  ///< older releases hold to the upper bounds of newer ones
    /// Whether to try, where there is no solution, what documents that were not read may name.
    bool hope_for_names = false;
    std::uint64_t most_rounds = 0;  ///< after so many there is no solution for this question; 0: no limit
};

/// Encodes what is known now.
EncodedRound encode_round(const RoundsInput& input, PypiWorld& pypi, Windows& windows);

}  // namespace aimlock::engine
