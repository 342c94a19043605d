#include "solver/engine/trials.hpp"

#include <algorithm>

#include "solver/engine/inherited_bounds.hpp"

namespace aimlock::engine {
namespace {

// Trials beyond this many stop the search, so that a request of hundreds of direct requirements ends in time.
// A count and not a clock: the answer must not depend on the machine.
constexpr std::uint64_t most_trials = 120;

// The bounds are a guess at what an author would have written: not worth a long search.
constexpr std::uint64_t most_rounds_for_bounds = 8;

}  // namespace

Trials::Trials(TargetSolver& solver, const Roots& roots, Solved first)
    : solver_(solver),
      best_(std::move(first)),
      input_(solver.rounds_input(roots, best_.conda)),
      held_(solver, best_) {
    input_.hope_for_names = false;  // twice the work in every proof, for what hardly ever is
}

Result<bool> Trials::attempt(std::vector<Limit> limits, std::vector<Step> steps) {
    if (++made_ > most_trials) {
        complete_ = false;
        return false;
    }
    ++solver_.stats().trials;
    limits.insert(limits.end(), held_limits_.begin(), held_limits_.end());
    input_.goals = Goals{std::move(limits), std::move(steps), wishes_};
    auto answer = solver_.rounds().run(input_);
    if (!answer) return tl::make_unexpected(answer.error());
    if (!*answer) return false;
    best_.answer = **std::move(answer);
    held_ = Held(solver_, best_);
    taken_ = best_.answer.step.value_or(0);
    return true;
}

Result<void> Trials::inherit_bounds() {
    const std::vector<std::string> broken = bounds_not_held(solver_, best_);
    input_.inherit_bounds = true;
    if (broken.empty()) return {};
    input_.most_rounds = most_rounds_for_bounds;
    auto held = attempt({});
    input_.most_rounds = 0;
    if (!held) return tl::make_unexpected(held.error());
    if (*held) return {};
    input_.inherit_bounds = false;
    std::vector<std::string>& notes = solver_.notes();
    notes.insert(notes.end(), broken.begin(), broken.end());
    return {};
}

std::vector<Grade> Trials::grades_above(const Item& item, Grade above) const {
    std::vector<Grade> grades;
    const auto add = [&](Grade grade) {
        if (grade > above) grades.push_back(grade);
    };
    if (!item.name->project) {
        for (const RecordId id : solver_.conda().records_named(item.name->conda_name)) {
            if (best_.conda.solvable_of.contains(id)) add(item.name->of_record(id));
        }
        return grades;
    }
    const ProjectId project = *item.name->project;
    for (const ReleaseId release :
         solver_.windows().candidates(solver_.pypi(), input_.filter, project, item.specifiers)) {
        add(item.name->of_release(release));
    }
    const auto carriers = best_.conda.identities.find(solver_.pypi()[project].name);
    if (carriers == best_.conda.identities.end()) return grades;
    const SpecifierSet& specifiers = solver_.pypi().specifier_set(item.specifiers);
    for (const auto& [version, solvable] : carriers->second) {
        if (specifiers.admits(version)) add(item.name->of_record(best_.conda.origins[solvable].index));
    }
    return grades;
}

Result<void> Trials::best_in_order(const std::vector<Item>& items) {
    std::vector<bool> given_up(items.size(), false);
    const bool was_complete = complete_;
    complete_ = true;
    while (true) {
        std::vector<Step> steps;
        std::vector<std::size_t> item_of;
        std::vector<Limit> before;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const auto current = grade(items[i]);
            if (!current) continue;
            if (!given_up[i] && can_be_better(items[i], *current)) {
                steps.push_back(
                    {before, Limit{items[i].name, *current + 1, best_grade}, items[i].specifiers});
                item_of.push_back(i);
            }
            before.push_back({items[i].name, *current, best_grade});
        }
        if (steps.empty()) break;
        auto better = attempt({}, std::move(steps));
        if (!better) return tl::make_unexpected(better.error());
        if (!*better) break;
        // Met by a version that nothing but the step asks for: the name is not needed in such an answer.
        const std::size_t item = item_of[taken_];
        const auto now = grade(items[item]);
        if (!now) given_up[item] = true;
    }
    for (const Item& item : items) {
        if (const auto current = grade(item)) hold({item.name, *current, complete_ ? *current : best_grade});
    }
    complete_ = complete_ && was_complete;
    return {};
}

Result<void> Trials::none_worse(const std::vector<Item>& items) {
    std::vector<bool> given_up(items.size(), false);
    const auto limits = [&] {
        std::vector<Limit> current;
        for (const Item& item : items) {
            if (const auto own = grade(item)) current.push_back({item.name, *own, best_grade});
        }
        return current;
    };
    while (true) {
        std::vector<Step> steps;
        std::vector<std::size_t> item_of;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const auto current = grade(items[i]);
            if (!current || given_up[i] || !can_be_better(items[i], *current)) continue;
            steps.push_back({{}, Limit{items[i].name, *current + 1, best_grade}, items[i].specifiers});
            item_of.push_back(i);
        }
        if (steps.empty()) break;
        auto better = attempt(limits(), std::move(steps));
        if (!better) return tl::make_unexpected(better.error());
        if (!*better) break;
        if (!grade(items[item_of[taken_]])) given_up[item_of[taken_]] = true;
    }
    for (Limit& limit : limits()) hold(std::move(limit));
    return {};
}

Result<void> Trials::keep(const std::vector<Item>& preferred) {
    std::vector<Limit> limits;
    while (true) {
        limits.clear();
        std::vector<Step> steps;
        for (const Item& item : preferred) {
            const Grade current = grade(item).value_or(kept_grade);
            limits.push_back({item.name, current, best_grade});
            if (current < kept_grade) steps.push_back({{{item.name, current + 1, best_grade}}, {}, 0});
        }
        if (steps.empty()) break;
        auto better = attempt(limits, std::move(steps));
        if (!better) return tl::make_unexpected(better.error());
        if (!*better) break;
    }
    for (Limit& limit : limits) hold(std::move(limit));
    return {};
}

}  // namespace aimlock::engine
