#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"
#include "solver/engine/discovery.hpp"
#include "solver/engine/encoding.hpp"
#include "solver/engine/prune.hpp"
#include "solver/model/solution.hpp"

namespace aimlock::engine {

/// A round without unknowns left: what is installed, by the round that says what the solvables mean.
struct RoundsAnswer {
    EncodedRound round;
    std::vector<SolvableId> installed;  ///< ascending
    std::optional<std::size_t> step;    ///< of the goals: the one that it takes
    std::optional<std::size_t> python;  ///< position in Pythons::candidates of the Python that was chosen
};

/// The lazy loop: solve with what is known, every unknown counting as fitting; fetch what the solver chose
/// and does not know; solve again, until nothing that was chosen is unknown. Because unknowns are optimistic,
/// "no solution" needs no further fetching.
class Rounds {
public:
    Rounds(const CondaWorld& conda,
           PypiWorld& pypi,
           Discovery& discovery,
           Windows& windows,
           SolveStats& stats,
           Progress& progress)
        : conda_(conda),
          pypi_(pypi),
          discovery_(discovery),
          windows_(windows),
          stats_(stats),
          progress_(progress) {}

    /// nullopt: there is no solution.
    Result<std::optional<RoundsAnswer>> run(const RoundsInput& input);

    /// Reads what the direct requirements most likely bring, before any solve.
    Result<void> look_ahead(const RoundsInput& input);

    /// One round with what is known, nothing fetched: false when even the unknown cannot help.
    bool may_be_solvable(const RoundsInput& input);

private:
    struct Unknown {
        std::set<ProjectId> pages;
        std::set<std::pair<ProjectId, ReleaseId>> releases;
        std::set<ProjectId> tails;
        [[nodiscard]] bool none() const { return pages.empty() && releases.empty() && tails.empty(); }
    };

    Result<std::optional<RoundsAnswer>> find(const RoundsInput& input);
    std::optional<RoundsAnswer> solve_near(const RoundsInput& input);
    std::optional<RoundsAnswer> solve_once(const RoundsInput& input);
    void keep_near(const RoundsAnswer& answer);
    std::set<ProjectId> supplied_by_conda(const RoundsAnswer& answer);
    [[nodiscard]] Unknown unknowns(const RoundsAnswer& answer) const;
    void widen_tails(const Unknown& unknown,
                     const RoundsAnswer& answer,
                     const ReleaseFilter& filter,
                     bool guess);
    void ask(const Unknown& unknown, bool guess);
    static Grade most_likely_floor(const RoundsAnswer& answer);
    void ask_older(ProjectId project, ReleaseId chosen);
    /// Asks for the next `wanted` releases that are older than `chosen` and could be chosen.
    void ask_next(ProjectId project, ReleaseId chosen, std::size_t wanted);
    void walk_ahead(const RoundsAnswer& answer, const Unknown& unknown);
    Result<bool> settle_wheels(const RoundsAnswer& answer);

    const CondaWorld& conda_;
    PypiWorld& pypi_;
    Discovery& discovery_;
    Windows& windows_;
    SolveStats& stats_;
    Progress& progress_;
    std::optional<std::unordered_set<RecordId>> near_;  ///< conda's half of the last answer
    Grade floor_ = 0;                                   ///< a date before which a walk hardly ever ends
    std::map<ProjectId, unsigned> steps_down_;  ///< how often a chosen unknown lay below a known release
    std::map<ProjectId, unsigned> steps_of_trial_;
    std::set<std::tuple<ProjectId, ReleaseId, std::uint32_t>> wheels_checked_;
};

}  // namespace aimlock::engine
