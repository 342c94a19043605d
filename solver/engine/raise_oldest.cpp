// The oldest direct requirement as new as possible, then the next oldest, and so on.
//
// Let the items be sorted by date, the oldest first. An answer is better when, for some place k, the k - 1
// oldest are not older than they are and all others are newer than the k-th: one step of a trial for each
// item in the k-th place, of several of one date each in turn, and no solution of that trial is the proof for
// all. Where it has a solution, the place that improved is found and its date searched for by halving:
// libsolv would give a date that is only a little newer, for what it does not prefer falls as far as it may.
#include <algorithm>
#include <numeric>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/trials.hpp"

namespace aimlock::engine {
namespace {

class DateRaiser {
public:
    DateRaiser(Trials& trials, const std::vector<Item>& items) : trials_(trials), items_(items) {}

    Result<void> run() {
        while (true) {
            sort();
            auto steps = all_steps();
            if (steps.empty()) break;
            const std::vector<Grade> before = sorted_dates();
            auto better = trials_.attempt({}, std::move(steps));
            if (!better) return tl::make_unexpected(better.error());
            if (!*better) break;
            // The first place that improved; what stands before it keeps its dates in the search.
            const std::vector<std::size_t> old_order = order_;
            sort();
            const std::vector<Grade> after = sorted_dates();
            const auto differ = std::mismatch(before.begin(), before.end(), after.begin());
            const auto place = static_cast<std::size_t>(differ.first - before.begin());
            if (place == before.size()) break;
            if (auto searched = search(place); !searched) return searched;
        }
        for (const Item& item : items_) {
            if (const auto date = trials_.grade(item)) trials_.hold({item.name, *date, best_grade});
        }
        return {};
    }

private:
    [[nodiscard]] Grade date(std::size_t item) const {
        return trials_.grade(items_[item]).value_or(best_grade);
    }

    void sort() {
        order_.resize(items_.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::stable_sort(order_, {}, [&](std::size_t item) { return date(item); });
    }

    [[nodiscard]] std::vector<Grade> sorted_dates() const {
        std::vector<Grade> dates;
        for (const std::size_t item : order_) dates.push_back(date(item));
        return dates;
    }

    // What is before `place` is not older than now, everything else newer than `than`.
    [[nodiscard]] std::vector<Limit> limits(std::size_t place, Grade than) const {
        std::vector<Limit> made;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const Grade least = i < place ? date(order_[i]) : than + 1;
            made.push_back({items_[order_[i]].name, least, best_grade});
        }
        return made;
    }

    // The newest date that every item from `place` on can have by itself.
    [[nodiscard]] Grade newest_possible(std::size_t place, Grade above) const {
        Grade newest = best_grade;
        for (std::size_t i = place; i < order_.size(); ++i) {
            Grade own = date(order_[i]);
            for (const Grade grade : trials_.grades_above(items_[order_[i]], above))
                own = std::max(own, grade);
            newest = std::min(newest, own);
        }
        return newest;
    }

    [[nodiscard]] std::vector<Step> all_steps() const {
        std::vector<Step> steps;
        for (std::size_t place = 0; place < order_.size(); ++place) {
            const Grade oldest = date(order_[place]);
            if (oldest == best_grade) break;
            // Of items of one date any may be the one that becomes newer: it takes the last place of them.
            std::size_t last = place;
            while (last + 1 < order_.size() && date(order_[last + 1]) == oldest) ++last;
            DateRaiser turned(trials_, items_);
            turned.order_ = order_;
            std::swap(turned.order_[place], turned.order_[last]);
            if (turned.newest_possible(last, oldest) > oldest)
                steps.push_back({turned.limits(last, oldest), std::nullopt, 0});
        }
        return steps;
    }

    Result<void> search(std::size_t place) {
        Grade reached = date(order_[place]);
        const Grade newest = newest_possible(place, reached);
        std::vector<Grade> dates;
        for (std::size_t i = place; i < order_.size(); ++i) {
            for (const Grade grade : trials_.grades_above(items_[order_[i]], reached)) {
                if (grade <= newest) dates.push_back(grade);
            }
        }
        sort_unique(dates);
        const std::vector<std::size_t> order = order_;
        std::size_t low = 0;  // every date before it is reached
        std::size_t high = dates.size();
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            auto found = trials_.attempt(limits(place, dates[middle] - 1));
            if (!found) return tl::make_unexpected(found.error());
            if (!trials_.complete()) return {};
            if (!*found) {
                high = middle;
                continue;
            }
            sort();
            reached = date(order_[place]);
            low = static_cast<std::size_t>(std::ranges::upper_bound(dates, reached) - dates.begin());
            low = std::max(low, middle + 1);
        }
        return {};
    }

    Trials& trials_;
    const std::vector<Item>& items_;
    std::vector<std::size_t> order_;  // items, the oldest first
};

}  // namespace

Result<void> raise_the_oldest(Trials& trials, const std::vector<Item>& items) {
    return DateRaiser(trials, items).run();
}

}  // namespace aimlock::engine
