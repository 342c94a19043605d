#include "solver/engine/askers.hpp"

#include <algorithm>

#include "solver/base/sort_unique.hpp"

namespace aimlock::engine {
namespace {

class Askers {
public:
    Askers(EncodedRound& round, const std::vector<SolvableId>& installed)
        : round_(round), ids_(installed), installed_(round.problem.solvables.size(), false) {
        for (const SolvableId id : installed) installed_[id] = true;
    }

    bool refuse() {
        const std::vector<bool> asked = asked_for();
        std::vector<SolvableId> unasked;
        for (const SolvableId id : ids_) {
            if (!asked[id] && may_be_unasked(id)) unasked.push_back(id);
        }
        if (unasked.empty()) return false;
        const std::vector<bool> touching = keys_touching(unasked);
        std::vector<SolvableId> askers;
        for (SolvableId id = 0; id < installed_.size(); ++id) {
            if (std::ranges::binary_search(unasked, id)) continue;
            for (const KeyId key : round_.problem.solvables[id].requirements) {
                if (touching[key]) add_asker(id, key, askers);
            }
        }
        sort_unique(askers);
        const KeyId key = round_.add_key({KeyMeaning::Kind::user, 0, 0}, std::move(askers));
        for (const SolvableId id : unasked) round_.problem.solvables[id].requirements.push_back(key);
        return true;
    }

private:
    // What is there and asks under other Pythons only is no asker now, or the same answer would come again:
    // another Python is.
    void add_asker(SolvableId id, KeyId key, std::vector<SolvableId>& askers) const {
        if (!installed_[id] || !does_not_hold(key)) {
            askers.push_back(id);
            return;
        }
        for (SolvableId python = 0; python < installed_.size(); ++python) {
            if (is_python(python) && !std::ranges::binary_search(round_.problem.keys[key], python))
                askers.push_back(python);
        }
    }

    [[nodiscard]] bool is_python(SolvableId id) const {
        return round_.problem.names[round_.problem.solvables[id].name] == "b:python";
    }

    // What the encoding adds for itself (cases of conditions, goals, CUDA's majors) is asked for by nobody.
    [[nodiscard]] bool may_be_unasked(SolvableId id) const {
        switch (round_.origins[id].kind) {
            case Origin::Kind::record:
            case Origin::Kind::record_extra:
            case Origin::Kind::release:
            case Origin::Kind::extra:
            case Origin::Kind::tail:
            case Origin::Kind::unknown:
            case Origin::Kind::unknown_extra:
                return true;
            default:
                return false;
        }
    }

    // Whether a key asks for a provider. Being asked for, and being named, are what is in question here; and
    // a requirement on PyPI takes a record that is there, but does not ask for it.
    [[nodiscard]] bool asks(KeyId key, SolvableId provider) const {
        const KeyMeaning::Kind kind = round_.meanings[key].kind;
        const Origin::Kind origin = round_.origins[provider].kind;
        if (origin == Origin::Kind::record || origin == Origin::Kind::record_extra)
            return kind == KeyMeaning::Kind::spec || kind == KeyMeaning::Kind::record;
        return kind != KeyMeaning::Kind::user && kind != KeyMeaning::Kind::naming &&
               kind != KeyMeaning::Kind::goal;
    }

    // A requirement on PyPI that holds for other Pythons is met by the Python that is there.
    [[nodiscard]] bool does_not_hold(KeyId key) const {
        if (round_.meanings[key].kind != KeyMeaning::Kind::dependency) return false;
        return std::ranges::any_of(round_.problem.keys[key],
                                   [&](SolvableId id) { return installed_[id] && is_python(id); });
    }

    [[nodiscard]] std::vector<bool> asked_for() const {
        std::vector<bool> asked(installed_.size(), false);
        std::vector<bool> seen(round_.problem.keys.size(), false);
        std::vector<SolvableId> open;
        const auto ask = [&](KeyId key) {
            if (seen[key] || does_not_hold(key)) return;
            seen[key] = true;
            for (const SolvableId id : round_.problem.keys[key]) {
                if (!installed_[id] || asked[id] || !asks(key, id)) continue;
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

    // Keys that ask for one of these, or for another record of its name.
    [[nodiscard]] std::vector<bool> keys_touching(const std::vector<SolvableId>& unasked) const {
        std::vector<bool> named(round_.problem.names.size(), false);
        for (const SolvableId id : unasked) {
            if (round_.origins[id].kind == Origin::Kind::record)
                named[round_.problem.solvables[id].name] = true;
        }
        std::vector<bool> touching(round_.problem.keys.size(), false);
        for (KeyId key = 0; key < touching.size(); ++key) {
            touching[key] = std::ranges::any_of(round_.problem.keys[key], [&](SolvableId id) {
                const bool meant =
                    named[round_.problem.solvables[id].name] || std::ranges::binary_search(unasked, id);
                return meant && asks(key, id);
            });
        }
        return touching;
    }

    EncodedRound& round_;
    const std::vector<SolvableId>& ids_;
    std::vector<bool> installed_;
};

}  // namespace

bool refuse_unasked(EncodedRound& round, const std::vector<SolvableId>& installed) {
    return Askers(round, installed).refuse();
}

}  // namespace aimlock::engine
