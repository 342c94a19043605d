#include "solver/engine/prune.hpp"

#include <algorithm>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/packed_lists.hpp"

namespace aimlock::engine {
namespace {

class Pruner {
public:
    explicit Pruner(const Problem& problem)
        : problem_(problem),
          users_(problem.keys.size(),
                 [&](auto put) {
                     for (SolvableId id = 0; id < problem.solvables.size(); ++id) {
                         for (const KeyId key : problem.solvables[id].requirements) put(key, id);
                     }
                 }),
          memberships_(problem.solvables.size(),
                       [&](auto put) {
                           for (KeyId key = 0; key < problem.keys.size(); ++key) {
                               for (const SolvableId id : problem.keys[key]) put(id, key);
                           }
                       }),
          by_name_(problem.names.size(),
                   [&](auto put) {
                       for (SolvableId id = 0; id < problem.solvables.size(); ++id)
                           put(problem.solvables[id].name, id);
                   }),
          carried_names_(problem.solvables.size(), [&](auto put) {
              for (std::uint32_t name = 0; name < problem.names.size(); ++name) {
                  if (problem.identity_keys[name] == Problem::no_key) continue;
                  for (const SolvableId id : problem.keys[problem.identity_keys[name]]) put(id, name);
              }
          }) {
        result_.deaths.resize(problem.solvables.size());
        result_.forced.resize(problem.keys.size());
        live_.resize(problem.keys.size());
        dirty_.resize(problem.keys.size(), 0);
        for (KeyId key = 0; key < problem.keys.size(); ++key) live_[key] = problem.keys[key].size();
    }

    Pruning run() {
        for (const KeyId key : problem_.jobs) force(key, Forced{true, true, 0});
        for (KeyId key = 0; key < problem_.keys.size(); ++key) {
            if (live_[key] == 0) starve(key);
        }
        while (!result_.contradiction && (!dead_.empty() || !open_.empty() || !single_.empty())) {
            spread_deaths();
            if (result_.contradiction) break;
            if (!open_.empty()) {
                const KeyId key = open_.back();
                open_.pop_back();
                dirty_[key] = 0;
                conclude(key);
            } else if (!single_.empty()) {
                const KeyId key = single_.back();
                single_.pop_back();
                exclude_by_single(key);
            }
        }
        return std::move(result_);
    }

private:
    void force(KeyId key, Forced why) {
        if (result_.forced[key].forced) return;
        result_.forced[key] = why;
        if (live_[key] == 0) contradict(key);
        reopen(key);
    }

    void reopen(KeyId key) {
        if (dirty_[key] != 0) return;
        dirty_[key] = 1;
        open_.push_back(key);
    }

    void contradict(KeyId key) {
        if (result_.contradiction) return;
        result_.contradiction = true;
        result_.empty_key = key;
    }

    void kill(SolvableId id, Death why) {
        if (!result_.alive(id)) return;
        result_.deaths[id] = why;
        dead_.push_back(id);
    }

    void starve(KeyId key) {
        if (result_.forced[key].forced) contradict(key);
        for (const SolvableId user : users_[key]) kill(user, {Death::Why::unmet, key, 0});
    }

    void spread_deaths() {
        while (!dead_.empty()) {
            const SolvableId id = dead_.back();
            dead_.pop_back();
            for (const KeyId key : memberships_[id]) {
                if (--live_[key] == 0) starve(key);
                if (result_.forced[key].forced) reopen(key);
            }
        }
    }

    // What follows from the fact that one live provider of `key` is installed.
    void conclude(KeyId key) {
        std::vector<SolvableId> live;
        for (const SolvableId id : problem_.keys[key]) {
            if (result_.alive(id)) live.push_back(id);
        }
        if (live.empty()) return contradict(key);
        kill_rivals(key, live);
        kill_carried_wheels(key, live);
        force_common_requirements(key, live);
        if (live.size() == 1) single_.push_back(key);
    }

    // The one live provider of a forced key is certain, and so is what it conflicts with. Done when nothing
    // else is left to do: the other rules give reasons that people can follow.
    void exclude_by_single(KeyId key) {
        for (const SolvableId only : problem_.keys[key]) {
            if (!result_.alive(only)) continue;
            for (const KeyId conflict : problem_.solvables[only].conflicts) {
                for (const SolvableId id : problem_.keys[conflict]) {
                    if (id != only) kill(id, {Death::Why::excluded, conflict, only});
                }
            }
        }
    }

    void kill_rivals(KeyId key, const std::vector<SolvableId>& live) {
        std::vector<std::uint32_t> names;
        for (const SolvableId id : live) names.push_back(problem_.solvables[id].name);
        sort_unique(names);
        if (names.size() == 1) return kill_others(names.front(), key, live, {});
        // A PyPI name together with conda records of the same distribution: exactly one provider will be
        // there, so the other wheels of the name are out; and where all records have one name, so are its
        // others that carry it.
        std::uint32_t wheel_name = 0;
        int wheel_names = 0;
        for (const std::uint32_t name : names) {
            if (problem_.identity_keys[name] != Problem::no_key) {
                wheel_name = name;
                ++wheel_names;
            }
        }
        if (wheel_names != 1) return;
        const auto& carriers = problem_.keys[problem_.identity_keys[wheel_name]];
        for (const SolvableId id : live) {
            if (problem_.solvables[id].name != wheel_name && !std::ranges::binary_search(carriers, id))
                return;
        }
        kill_others(wheel_name, key, live, {});
        if (names.size() == 2)
            kill_others(names.front() == wheel_name ? names.back() : names.front(), key, live, carriers);
    }

    void kill_carried_wheels(KeyId key, const std::vector<SolvableId>& live) {
        const auto carried = carried_names_[live.front()];
        std::vector<std::uint32_t> common(carried.begin(), carried.end());
        for (std::size_t i = 1; i < live.size() && !common.empty(); ++i) {
            const auto other = carried_names_[live[i]];
            std::erase_if(common,
                          [&](std::uint32_t name) { return std::ranges::find(other, name) == other.end(); });
        }
        for (const std::uint32_t name : common) {
            for (const SolvableId id : by_name_[name]) kill(id, {Death::Why::carried, key, 0});
        }
    }

    // Kills the solvables of `name` that are not in `live`; only those in `among` when it is not empty. Both
    // are sorted.
    void kill_others(std::uint32_t name,
                     KeyId key,
                     const std::vector<SolvableId>& live,
                     const std::vector<SolvableId>& among) {
        for (const SolvableId id : by_name_[name]) {
            if (std::ranges::binary_search(live, id)) continue;
            if (!among.empty() && !std::ranges::binary_search(among, id)) continue;
            kill(id, {Death::Why::rival, key, 0});
        }
    }

    void force_common_requirements(KeyId key, const std::vector<SolvableId>& live) {
        std::vector<KeyId> common = problem_.solvables[live.front()].requirements;
        for (std::size_t i = 1; i < live.size() && !common.empty(); ++i) {
            const auto& other = problem_.solvables[live[i]].requirements;
            std::erase_if(common, [&](KeyId k) { return std::ranges::find(other, k) == other.end(); });
        }
        for (const KeyId requirement : common) force(requirement, Forced{true, false, key});
    }

    const Problem& problem_;
    Pruning result_;
    std::vector<std::size_t> live_;    // live providers of each key
    PackedLists users_;                // who requires each key
    PackedLists memberships_;          // the keys that each solvable provides
    PackedLists by_name_;              // the solvables of each name
    PackedLists carried_names_;        // PyPI names whose distribution a conda solvable carries
    std::vector<std::uint8_t> dirty_;  // key waits in open_
    std::vector<KeyId> open_;          // forced keys to look at again
    std::vector<KeyId> single_;        // forced keys with one live provider
    std::vector<SolvableId> dead_;     // deaths not yet told to their keys
};

}  // namespace

Pruning prune(const Problem& problem) {
    return Pruner(problem).run();
}

}  // namespace aimlock::engine
