#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "solver/engine/goal.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// What an answer holds, by name.
struct Held {
    std::map<ProjectId, ReleaseId> releases;
    std::map<std::string, RecordId> records;   ///< by conda name; virtual packages are not among them
    std::map<std::string, RecordId> carriers;  ///< by the PyPI name that the record carries

    Held(const TargetSolver& solver, const Solved& solved);
    /// The version of a distribution in the answer, whichever world provides it; nullopt: it is absent.
    [[nodiscard]] std::optional<Pep440Version> version(const TargetSolver& solver, ProjectId project) const;
    /// The grade of the name in the answer; nullopt: the name is absent.
    [[nodiscard]] std::optional<Grade> grade(const TargetSolver& solver, const Graded& graded) const;
};

using GradedName = std::shared_ptr<const Graded>;

/// Grades by release date: since 1970 in milliseconds, of the first upload or build of a version, for a
/// rebuild makes no code newer; and never after that of a newer version, for a late fix of an old series is
/// as old as what replaced the series. What has no date has the best grade.
GradedName conda_dates(TargetSolver& solver, const std::string& name);
GradedName project_dates(TargetSolver& solver, ProjectId project, const CondaPart& part);

/// Grades by version: the newer the better, or the older with `lowest`; as everywhere, a final release is
/// better than a pre-release that was not asked for, and a record without features than one that tracks some.
GradedName conda_versions(TargetSolver& solver, const std::string& name, bool lowest);
GradedName project_versions(TargetSolver& solver, ProjectId project, const CondaPart& part, bool lowest);
/// As `conda_versions`, with builds of one version told apart.
GradedName conda_builds(TargetSolver& solver, const std::string& name, bool lowest);

/// The grade of what has a preferred version (and, where one is preferred, its build).
inline constexpr Grade kept_grade = 2;
/// `kept_grade` for the preferred version of a name, less for others. Null: the version does not exist.
GradedName preference(TargetSolver& solver, const PreferredVersion& preferred);

}  // namespace aimlock::engine
