#include "solver/engine/askers.hpp"

#include <algorithm>

namespace aimlock::engine {
namespace {

class Askers {
public:
    Askers(EncodedRound& round, const std::vector<SolvableId>& installed)
        : round_(round), installed_(round.problem.solvables.size(), false) {
        for (const SolvableId id : installed) installed_[id] = true;
    }

    bool refuse() {
        const std::vector<bool> asked = asked_for();
        std::vector<SolvableId> unasked;
        for (SolvableId id = 0; id < installed_.size(); ++id) {
            if (installed_[id] && is_record(id) && !asked[id]) unasked.push_back(id);
        }
        if (unasked.empty()) return false;
        std::vector<bool> named(round_.problem.names.size(), false);
        for (const SolvableId id : unasked) named[round_.problem.solvables[id].name] = true;
        std::vector<SolvableId> askers;
        for (SolvableId id = 0; id < installed_.size(); ++id) {
            const bool may_ask = is_record(id) || round_.origins[id].kind == Origin::Kind::record_extra;
            if (may_ask && !std::ranges::binary_search(unasked, id) && asks_for(id, named))
                askers.push_back(id);
        }
        const KeyId key = round_.add_key({KeyMeaning::Kind::user, 0, 0}, std::move(askers));
        for (const SolvableId id : unasked) round_.problem.solvables[id].requirements.push_back(key);
        return true;
    }

private:
    [[nodiscard]] bool is_record(SolvableId id) const {
        return round_.origins[id].kind == Origin::Kind::record;
    }
    // Being a user of a record is what is in question here.
    [[nodiscard]] bool is_spec(KeyId key) const {
        return round_.meanings[key].kind == KeyMeaning::Kind::spec;
    }

    [[nodiscard]] std::vector<bool> asked_for() const {
        std::vector<bool> asked(installed_.size(), false);
        std::vector<SolvableId> open;
        const auto ask = [&](KeyId key) {
            if (!is_spec(key)) return;
            for (const SolvableId id : round_.problem.keys[key]) {
                if (!installed_[id] || asked[id]) continue;
                asked[id] = true;
                open.push_back(id);
            }
        };
        for (const KeyId job : round_.problem.jobs) ask(job);
        for (std::size_t next = 0; next < open.size(); ++next) {
            for (const KeyId key : round_.problem.solvables[open[next]].requirements) ask(key);
        }
        return asked;
    }

    [[nodiscard]] bool asks_for(SolvableId id, const std::vector<bool>& named) const {
        return std::ranges::any_of(round_.problem.solvables[id].requirements, [&](KeyId key) {
            const auto& providers = round_.problem.keys[key];
            return is_spec(key) && !providers.empty() &&
                   named[round_.problem.solvables[providers.front()].name];
        });
    }

    EncodedRound& round_;
    std::vector<bool> installed_;
};

}  // namespace

bool refuse_unasked(EncodedRound& round, const std::vector<SolvableId>& installed) {
    return Askers(round, installed).refuse();
}

}  // namespace aimlock::engine
