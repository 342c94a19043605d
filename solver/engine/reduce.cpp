#include "solver/engine/reduce.hpp"

#include <algorithm>
#include <cassert>
#include <compare>
#include <span>
#include <unordered_map>

#include "solver/engine/packed_lists.hpp"

namespace aimlock::engine {
namespace {

constexpr std::uint32_t none = 0xffffffff;

std::uint64_t hash_of(const std::vector<std::uint32_t>& numbers) {
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL + numbers.size();
    for (const std::uint32_t number : numbers) {
        hash ^= number + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
        hash *= 0xff51afd7ed558ccdULL;
        hash ^= hash >> 29;
    }
    return hash;
}

struct HashOfNumbers {
    std::size_t operator()(const std::vector<std::uint32_t>* numbers) const { return hash_of(*numbers); }
};
struct SameNumbers {
    bool operator()(const std::vector<std::uint32_t>* a, const std::vector<std::uint32_t>* b) const {
        return *a == *b;
    }
};

// Marks what can be asked for, beginning with the jobs. A requirement that is forced anyway asks for nothing.
class Reach {
public:
    Reach(const Problem& problem, const Pruning& pruning, const std::vector<KeyId>& jobs)
        : problem_(problem),
          pruning_(pruning),
          key_(problem.keys.size(), 0),
          solvable_(problem.solvables.size(), 0) {
        for (const KeyId job : jobs) need(job);
        while (!open_.empty()) {
            const SolvableId id = open_.back();
            open_.pop_back();
            for (const KeyId key : problem.solvables[id].requirements) {
                if (!pruning.forced[key].forced) need(key);
            }
        }
    }

    [[nodiscard]] bool solvable(SolvableId id) const { return solvable_[id] != 0; }

private:
    void need(KeyId key) {
        if (key_[key] != 0) return;
        key_[key] = 1;
        for (const SolvableId id : problem_.keys[key]) {
            if (solvable_[id] != 0 || !pruning_.alive(id)) continue;
            solvable_[id] = 1;
            open_.push_back(id);
        }
    }

    const Problem& problem_;
    const Pruning& pruning_;
    std::vector<std::uint8_t> key_;
    std::vector<std::uint8_t> solvable_;
    std::vector<SolvableId> open_;
};

// Copies the parts of a problem that a predicate keeps, with one key for each set of providers.
class Copy {
public:
    Copy(const Problem& from, std::vector<std::uint32_t> renumbered)
        : from_(from), renumbered_(std::move(renumbered)), key_(from.keys.size(), none) {
        keys_.names = from.names;
        keys_.identity_keys.assign(from.names.size(), Problem::no_key);
        keys_.keys.reserve(from.keys.size());  // the map points into it
    }

    // `strip`: requirements that are left out.
    template <typename Strip>
    Problem run(const std::vector<SolvableId>& kept, const std::vector<KeyId>& jobs, Strip strip) {
        for (const KeyId job : jobs) {
            const KeyId key = key_of(job);
            if (std::ranges::find(keys_.jobs, key) == keys_.jobs.end()) keys_.jobs.push_back(key);
        }
        keys_.solvables.reserve(kept.size());
        for (const SolvableId id : kept) {
            const Problem::Solvable& old = from_.solvables[id];
            Problem::Solvable copy{old.name, old.rank, {}, {}};
            for (const KeyId key : old.requirements) {
                if (!strip(key)) add_once(copy.requirements, key_of(key));
            }
            for (const KeyId key : old.conflicts) {
                const KeyId conflict = key_of(key);
                if (!keys_.keys[conflict].empty()) add_once(copy.conflicts, conflict);
            }
            keys_.solvables.push_back(std::move(copy));
        }
        return std::move(keys_);
    }

private:
    static void add_once(std::vector<KeyId>& keys, KeyId key) {
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }

    KeyId key_of(KeyId old) {
        if (key_[old] != none) return key_[old];
        std::vector<SolvableId> providers;
        for (const SolvableId id : from_.keys[old]) {
            if (renumbered_[id] != none) providers.push_back(renumbered_[id]);
        }
        if (const auto same = by_providers_.find(&providers); same != by_providers_.end())
            return key_[old] = same->second;
        assert(keys_.keys.size() < keys_.keys.capacity());
        const KeyId key = keys_.add_key(std::move(providers));
        by_providers_.emplace(&keys_.keys.back(), key);
        return key_[old] = key;
    }

    const Problem& from_;
    std::vector<std::uint32_t> renumbered_;
    std::vector<KeyId> key_;
    Problem keys_;
    std::unordered_map<const std::vector<SolvableId>*, KeyId, HashOfNumbers, SameNumbers> by_providers_;
};

std::vector<std::uint32_t> numbers_of(const std::vector<SolvableId>& kept, std::size_t count) {
    std::vector<std::uint32_t> numbers(count, none);
    for (std::uint32_t i = 0; i < kept.size(); ++i) numbers[kept[i]] = i;
    return numbers;
}

// Of the keys that `used` marks, those that each solvable provides, ascending.
PackedLists keys_of_solvables(const Problem& problem, const std::vector<std::uint8_t>& used) {
    return {problem.solvables.size(), [&](auto put) {
                for (KeyId key = 0; key < problem.keys.size(); ++key) {
                    if (used[key] == 0) continue;
                    for (const SolvableId id : problem.keys[key]) put(id, key);
                }
            }};
}

std::uint64_t mixed(std::uint64_t value) {
    value = (value + 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;
    value = (value ^ (value >> 32U)) * 0xc4ceb9fe1a85ec53ULL;
    return value ^ (value >> 29U);
}

// Finds solvables that are never needed: another one of the name is ranked as high or higher, asks for the
// same and refuses the same, meets every requirement that they meet, and is refused by nobody who does not
// refuse them. Whoever has such a solvable in an answer can have the other instead.
class Superfluous {
public:
    explicit Superfluous(const Problem& problem)
        : problem_(problem),
          meets_(keys_of_solvables(problem, wanted_by(problem))),
          refused_by_(keys_of_solvables(problem, refused_keys(problem))) {}

    /// What is left, ascending.
    [[nodiscard]] std::vector<SolvableId> rest() const {
        std::vector<Rival> rivals;
        rivals.reserve(problem_.solvables.size());
        for (SolvableId id = 0; id < problem_.solvables.size(); ++id)
            rivals.push_back({asks_of(problem_.solvables[id]), ~problem_.solvables[id].rank, id});
        std::ranges::sort(rivals);
        std::vector<SolvableId> kept;
        kept.reserve(rivals.size());
        for (std::size_t i = 0, first = 0; i < rivals.size(); ++i) {
            if (i == 0 || rivals[i].asks != rivals[i - 1].asks) first = kept.size();
            const auto better = std::span(kept).subspan(first);
            const SolvableId id = rivals[i].id;
            if (std::ranges::none_of(better, [&](SolvableId other) { return replaces(other, id); }))
                kept.push_back(id);
        }
        std::ranges::sort(kept);
        return kept;
    }

private:
    struct Rival {
        std::uint64_t asks;
        std::uint32_t below;  // the best rank first
        SolvableId id;
        friend auto operator<=>(const Rival&, const Rival&) = default;
    };

    static std::vector<std::uint8_t> wanted_by(const Problem& problem) {
        std::vector<std::uint8_t> wanted(problem.keys.size(), 0);
        for (const KeyId job : problem.jobs) wanted[job] = 1;
        for (const Problem::Solvable& solvable : problem.solvables) {
            for (const KeyId key : solvable.requirements) wanted[key] = 1;
        }
        return wanted;
    }

    static std::vector<std::uint8_t> refused_keys(const Problem& problem) {
        std::vector<std::uint8_t> refused(problem.keys.size(), 0);
        for (const Problem::Solvable& solvable : problem.solvables) {
            for (const KeyId key : solvable.conflicts) refused[key] = 1;
        }
        return refused;
    }

    // One number for what a solvable is called, asks for and refuses, whatever the order.
    static std::uint64_t asks_of(const Problem::Solvable& solvable) {
        std::uint64_t asks = mixed(solvable.name);
        for (const KeyId key : solvable.requirements) asks += mixed((std::uint64_t{1} << 32U) | key);
        for (const KeyId key : solvable.conflicts) asks += mixed((std::uint64_t{2} << 32U) | key);
        return asks;
    }

    [[nodiscard]] bool replaces(SolvableId other, SolvableId id) const {
        return meets_[other].size() >= meets_[id].size() &&
               refused_by_[other].size() <= refused_by_[id].size() &&
               std::ranges::includes(meets_[other], meets_[id]) &&
               std::ranges::includes(refused_by_[id], refused_by_[other]);
    }

    const Problem& problem_;
    PackedLists meets_;
    PackedLists refused_by_;
};

}  // namespace

Reduced reduce(const Problem& problem, const Pruning& pruning) {
    std::vector<KeyId> jobs = problem.jobs;
    for (KeyId key = 0; key < problem.keys.size(); ++key) {
        if (pruning.forced[key].forced && !pruning.forced[key].is_job) jobs.push_back(key);
    }
    const Reach reach(problem, pruning, jobs);
    Reduced reduced;
    for (SolvableId id = 0; id < problem.solvables.size(); ++id) {
        if (reach.solvable(id)) reduced.kept.push_back(id);
    }
    reduced.problem = Copy(problem, numbers_of(reduced.kept, problem.solvables.size()))
                          .run(reduced.kept, jobs, [&](KeyId key) { return pruning.forced[key].forced; });
    // Fewer solvables make keys equal, and equal keys make more of them superfluous.
    while (true) {
        const std::vector<SolvableId> best = Superfluous(reduced.problem).rest();
        // A few more or less are not worth another copy.
        if (best.size() + best.size() / 64 >= reduced.problem.solvables.size()) return reduced;
        const Problem before = std::move(reduced.problem);
        reduced.problem =
            Copy(before, numbers_of(best, before.solvables.size())).run(best, before.jobs, [](KeyId) {
                return false;
            });
        std::vector<SolvableId> kept;
        kept.reserve(best.size());
        for (const SolvableId id : best) kept.push_back(reduced.kept[id]);
        reduced.kept = std::move(kept);
    }
}

}  // namespace aimlock::engine
