#pragma once

#include <vector>

#include "solver/engine/grades.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// A name as a level of the objective judges it.
struct Item {
    GradedName name;
    std::uint32_t specifiers = 0;  ///< of a distribution: what a better release must meet
};

/// The trials of the objective: solves of the whole request under what earlier levels have reached. Holds the
/// best answer so far.
class Trials {
public:
    Trials(TargetSolver& solver, const Roots& roots, Solved first);
    Trials(const Trials&) = delete;  // its input points into it
    Trials& operator=(const Trials&) = delete;

    [[nodiscard]] const Held& held() const { return held_; }
    [[nodiscard]] const CondaPart& part() const { return best_.conda; }
    [[nodiscard]] TargetSolver& solver() { return solver_; }
    Solved best() && { return std::move(best_); }
    /// The item's grade in the best answer; nullopt: it is absent.
    [[nodiscard]] std::optional<Grade> grade(const Item& item) const {
        return held_.grade(solver_, *item.name);
    }
    /// False once the trials ran out before a proof was reached.
    [[nodiscard]] bool complete() const { return complete_; }

    /// Asks for an answer within `limits` and, where there are any, by one of `steps`. True: it is the best
    /// answer now, and `taken` the step. False: there is none, or no trial is left (see `complete`).
    Result<bool> attempt(std::vector<Limit> limits, std::vector<Step> steps = {});
    [[nodiscard]] std::size_t taken() const { return taken_; }

    /// Asks for an answer in which older releases hold to the upper bounds of newer ones; where it is found
    /// at little cost, all later trials ask for it, too. Else a note of the solver names what does not hold.
    Result<void> inherit_bounds();

    /// From now on every trial wishes for high grades of these names where its level leaves a choice.
    void wish(std::vector<GradedName> names) { wishes_ = std::move(names); }
    /// From now on every trial holds this.
    void hold(Limit limit) { held_limits_.push_back(std::move(limit)); }

    /// No item that is moved could stay, or be gone, without another moving. What is not there has not moved.
    Result<void> keep(const std::vector<Item>& preferred);
    /// Each item in turn at its best grade, the earlier first; the grades that it reaches are held.
    Result<void> best_in_order(const std::vector<Item>& items);
    /// No item can have a better grade without another having a worse one; no item gets worse on the way.
    Result<void> none_worse(const std::vector<Item>& items);

    /// The grades above `above` that candidates of the item have.
    [[nodiscard]] std::vector<Grade> grades_above(const Item& item, Grade above) const;

private:
    [[nodiscard]] bool can_be_better(const Item& item, Grade grade) const {
        return !grades_above(item, grade).empty();
    }

    TargetSolver& solver_;
    Solved best_;
    RoundsInput input_;
    Held held_;
    std::vector<Limit> held_limits_;
    std::vector<GradedName> wishes_;
    std::size_t taken_ = 0;
    std::uint64_t made_ = 0;
    bool complete_ = true;
};

/// The oldest of `items`, which are graded by date, as new as possible, then the next oldest, and so on. What
/// is reached is held.
Result<void> raise_the_oldest(Trials& trials, const std::vector<Item>& items);

}  // namespace aimlock::engine
