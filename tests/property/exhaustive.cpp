#include "tests/property/exhaustive.hpp"

#include <algorithm>

namespace aimlock::testing {

bool Exhaustive::choose(State& state, std::size_t item) const {
    state.chosen.set(item);
    state.forbidden |= rules_.against(item);
    return (state.chosen & state.forbidden).none();
}

// True when nothing that this state leads to can be wanted.
bool Exhaustive::hopeless(const State& state) const {
    return wanted_ && !wanted_(rules_.most_worth(state.chosen, state.forbidden));
}

bool Exhaustive::found(const State& state, const std::vector<const Demand*>& active) {
    // A yanked release or a pre-release is there only where some requirement names it.
    for (std::size_t i = 0; i < rules_.items().size(); ++i) {
        if (!state.chosen.test(i) || rules_.items()[i].kind != Item::Kind::release) continue;
        const bool named =
            std::ranges::any_of(active, [&](const Demand* demand) { return demand->regular.test(i); });
        if (!named) return false;
    }
    if (wanted_ && !wanted_(rules_.worth(state.chosen))) return false;
    found_ = state.chosen;
    return true;
}

// Conda first: its requirements never ask for a wheel. What conda has not asked for when it is done does not
// come from conda.
bool Exhaustive::conda(State state) {
    if (++nodes_ > most_nodes || hopeless(state)) return too_large();
    while (!state.open.empty() && (state.open.back()->providers & state.chosen).any()) state.open.pop_back();
    if (state.open.empty()) {
        state.forbidden |= rules_.records() & ~state.chosen;
        if (rules_.world().pypi.empty()) return found(state, {});
        const auto python = rules_.python_of(state.chosen);
        if (!python) return false;
        for (const Demand& root : rules_.pypi_roots(*python)) state.open.push_back(&root);
        const auto active = state.open;
        return pypi(std::move(state), *python, active);
    }
    const Items candidates = state.open.back()->providers & ~state.forbidden;
    state.open.pop_back();
    for (std::size_t i = 0; i < rules_.items().size(); ++i) {
        if (!candidates.test(i)) continue;
        State next = state;
        if (choose(next, i)) {
            for (const Demand& need : rules_.needs_of_record(i)) next.open.push_back(&need);
            if (conda(std::move(next))) return true;
        }
        state.forbidden.set(i);  // all that holds it was seen
    }
    return false;
}

bool Exhaustive::pypi(State state, std::size_t python, const std::vector<const Demand*>& active) {
    if (++nodes_ > most_nodes || hopeless(state)) return too_large();
    while (!state.open.empty() && (state.open.back()->providers & state.chosen).any()) state.open.pop_back();
    if (state.open.empty()) return found(state, active);
    const Items candidates = state.open.back()->providers & ~state.forbidden;
    state.open.pop_back();
    for (std::size_t i = 0; i < rules_.items().size(); ++i) {
        if (!candidates.test(i)) continue;
        State next = state;
        if (choose(next, i)) {
            std::vector<const Demand*> more = active;
            for (const Demand& need : rules_.needs_of(i, python)) {
                next.open.push_back(&need);
                more.push_back(&need);
            }
            if (pypi(std::move(next), python, more)) return true;
        }
        state.forbidden.set(i);
    }
    return false;
}

void Exhaustive::start() {
    nodes_ = 0;
    found_.reset();
    State state;
    state.forbidden = hidden_;
    for (std::size_t i = 0; i < rules_.items().size(); ++i) {
        if (rules_.always().test(i) && !choose(state, i)) return;
    }
    for (const Demand& root : rules_.conda_roots()) state.open.push_back(&root);
    conda(std::move(state));
}

bool Exhaustive::feasible() {
    wanted_ = nullptr;
    start();
    return found_.has_value();
}

std::optional<Items> Exhaustive::find(const std::function<bool(const Worth&)>& wanted) {
    wanted_ = wanted;
    start();
    return found_;
}

}  // namespace aimlock::testing
