#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "solver/engine/conda_world.hpp"
#include "solver/engine/pypi_world.hpp"

namespace aimlock::engine {

/// How good one way to provide a name is; the higher the better.
using Grade = std::int64_t;
inline constexpr Grade best_grade = std::numeric_limits<Grade>::max();

/// A name with a grade for every way to provide it: of a distribution its releases and the conda records that
/// carry it, of a conda name its records. The functions are asked anew in every round, for documents arrive
/// between rounds.
struct Graded {
    std::optional<ProjectId> project;
    std::string conda_name;  ///< where `project` is not given
    std::function<Grade(ReleaseId)> of_release;
    std::function<Grade(RecordId)> of_record;
};

/// The grades that a name may have; where the name is absent it holds.
struct Limit {
    std::shared_ptr<const Graded> name;
    Grade least = 0;
    Grade most = best_grade;
};

/// One way in which an answer can be better.
struct Step {
    std::vector<Limit> limits;
    /// Must be there, at such a grade: a release that `specifiers` admit, or a record.
    std::optional<Limit> wanted;
    std::uint32_t specifiers = 0;
};

/// What a trial of the objective asks beyond the request: all `limits`, and, where there are any, one of
/// `steps`. One solve answers for all steps at once: without a solution, none of them is possible.
struct Goals {
    std::vector<Limit> limits;
    std::vector<Step> steps;
    /// Names to have at as high a grade as can be. Of grades that cannot be had together the highest is let
    /// go; no wish makes a problem unsolvable, and none is a promise.
    std::vector<std::shared_ptr<const Graded>> wishes = {};
};

}  // namespace aimlock::engine
