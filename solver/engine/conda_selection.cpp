#include "solver/engine/conda_selection.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <unordered_set>
#include <utility>

#include "solver/engine/prune.hpp"

namespace aimlock::engine {
namespace {

std::vector<RecordId> reachable(CondaWorld& world,
                                const std::vector<SpecId>& roots,
                                const std::vector<bool>* alive) {
    std::vector<bool> seen(world.records().size(), false);
    std::vector<RecordId> reached;
    const auto reach = [&](SpecId spec) {
        for (const RecordId id : world.candidates(spec)) {
            if (seen[id] || (alive != nullptr && !(*alive)[id])) continue;
            seen[id] = true;
            reached.push_back(id);
        }
    };
    // An extra is asked for by a spec, not by the record that has it: (record, extra) is what is visited.
    std::set<const ExtraDepends*> seen_extras;
    std::vector<SpecId> open;
    std::vector<bool> followed(world.spec_count(), false);
    const auto follow = [&](SpecId spec) {
        if (followed[spec]) return;  // a spec stands in thousands of records
        followed[spec] = true;
        reach(spec);
        for (const std::string& group : world.spec(spec).extras) {
            for (const RecordId id : world.candidates(spec)) {
                const ExtraDepends* extra = world.extra(id, group);
                if (extra == nullptr || (alive != nullptr && !(*alive)[id])) continue;
                if (seen_extras.insert(extra).second)
                    open.insert(open.end(), extra->depends.begin(), extra->depends.end());
            }
        }
    };
    for (const SpecId root : roots) follow(root);
    for (std::size_t next = 0; next < reached.size() || !open.empty();) {
        while (!open.empty()) {
            const SpecId spec = open.back();
            open.pop_back();
            follow(spec);
        }
        if (next == reached.size()) continue;
        for (const SpecId spec : world[reached[next]].depends) follow(spec);
        ++next;
    }
    return reached;
}

// The conda half alone as a problem, to prune it once instead of every round.
std::vector<bool> alive_records(CondaWorld& world,
                                const std::vector<RecordId>& reached,
                                const std::vector<SpecId>& roots) {
    Problem problem;
    std::vector<std::uint32_t> solvable_of(world.records().size(), 0xffffffff);
    std::vector<std::uint32_t> name_of(world.name_count(), 0xffffffff);
    for (const RecordId id : reached) {
        std::uint32_t& name = name_of[world[id].name];
        if (name == 0xffffffff) name = problem.add_name({});
        solvable_of[id] = static_cast<SolvableId>(problem.solvables.size());
        problem.solvables.push_back({name, 0, {}, {}});
    }
    std::vector<KeyId> key_of(world.spec_count(), Problem::no_key);
    const auto key = [&](SpecId spec) {
        if (key_of[spec] != Problem::no_key) return key_of[spec];
        std::vector<SolvableId> providers;
        for (const RecordId id : world.candidates(spec)) {
            if (solvable_of[id] != 0xffffffff) providers.push_back(solvable_of[id]);
        }
        std::ranges::sort(providers);
        return key_of[spec] = problem.add_key(std::move(providers));
    };
    // What depends on a condition is no requirement that can be counted on; nor is what an extra brings.
    for (const RecordId id : reached) {
        for (const SpecId spec : world[id].depends) {
            if (world.condition(spec) == nullptr)
                problem.solvables[solvable_of[id]].requirements.push_back(key(spec));
        }
    }
    for (const SpecId root : roots) {
        if (world.condition(root) == nullptr) problem.jobs.push_back(key(root));
    }
    const Pruning pruning = prune(problem);
    std::vector<bool> alive(world.records().size(), false);
    for (const RecordId id : reached) alive[id] = pruning.contradiction || pruning.alive(solvable_of[id]);
    return alive;
}

void mix(std::uint64_t& hash, std::uint64_t value) {
    hash ^= value + 0x9e3779b97f4a7c15ULL + (hash << 6U) + (hash >> 2U);
    hash *= 0xff51afd7ed558ccdULL;
    hash ^= hash >> 33U;
}

std::uint64_t mixed(std::uint64_t value) {
    std::uint64_t hash = 0x5eedULL;
    mix(hash, value);
    return hash;
}

// One number for a set of specs, whatever their order.
std::uint64_t sum_of(std::span<const SpecId> specs) {
    std::uint64_t sum = 0;
    for (const SpecId spec : specs) sum += mixed(spec);
    return sum;
}

/// Which records each spec in use matches, as one number a record.
class SpecsInUse {
public:
    SpecsInUse(CondaWorld& world,
               const std::vector<RecordId>& records,
               const std::vector<SpecId>& roots,
               const std::vector<SpecId>& constraints)
        : world_(world),
          taking_part_(world.records().size(), false),
          in_use_(world.spec_count(), false),
          matched_by_(world.records().size(), 0) {
        for (const RecordId id : records) taking_part_[id] = true;
        for (const SpecId root : roots) use(root);
        for (const SpecId constraint : constraints) use(constraint);
        for (const RecordId id : records) {
            for (const SpecId spec : world[id].depends) use(spec);
            for (const SpecId spec : world[id].constrains) use(spec);
            for (const ExtraDepends& extra : world[id].extras) {
                for (const SpecId spec : extra.depends) use(spec);
            }
        }
    }

    [[nodiscard]] std::uint64_t matching(RecordId id) const { return matched_by_[id]; }

private:
    void use(SpecId spec) {
        if (in_use_[spec]) return;
        in_use_[spec] = true;
        for (const RecordId id : world_.candidates(spec)) {
            // A constraint may name a package that was not read before: its records come behind the others.
            if (id < taking_part_.size() && taking_part_[id]) matched_by_[id] += mixed(spec);
        }
        if (const WorldCondition* condition = world_.condition(spec)) use(*condition);
    }

    void use(const WorldCondition& condition) {
        if (condition.kind == SpecCondition::Kind::spec) use(condition.spec);
        for (const WorldCondition& part : condition.parts) use(part);
    }

    CondaWorld& world_;
    std::vector<bool> taking_part_;
    std::vector<bool> in_use_;
    std::vector<std::uint64_t> matched_by_;  // a sum: the order of specs does not matter
};

// Keeps the first (best) record of every class. `records` is grouped by name, best first.
std::vector<RecordId> collapse(CondaWorld& world,
                               const std::vector<RecordId>& records,
                               const std::vector<SpecId>& roots,
                               const std::vector<SpecId>& constraints) {
    const SpecsInUse in_use(world, records, roots, constraints);
    std::unordered_set<std::uint64_t> classes;
    classes.reserve(records.size());
    std::vector<RecordId> kept;
    for (const RecordId id : records) {
        const WorldRecord& record = world[id];
        std::uint64_t hash = in_use.matching(id);
        mix(hash, record.name);
        mix(hash, world.cuda_major_of(id).value_or(0));  // some builds say it by their build string alone
        const bool is_python = world.name_of(id) == "python";
        if (is_python) mix(hash, record.version);
        for (const Identity& identity : record.identities) {
            mix(hash, std::hash<std::string_view>{}(identity.name));
            mix(hash, std::hash<std::string>{}(identity.version.text()));
        }
        if (is_python)
            mix(hash, record.build.find("cp") == std::string_view::npos
                          ? 0
                          : std::hash<std::string_view>{}(record.build));
        mix(hash, sum_of(record.depends));
        mix(hash, sum_of(record.constrains));
        for (const ExtraDepends& extra : record.extras) {
            mix(hash, std::hash<std::string_view>{}(extra.group));
            mix(hash, sum_of(extra.depends));
        }
        if (classes.insert(hash).second) kept.push_back(id);
    }
    return kept;
}

// Names in the order of their texts, records of a name by id.
void group_by_name(const CondaWorld& world, std::vector<RecordId>& records) {
    std::vector<std::uint32_t> names;
    std::vector<std::uint32_t> place(world.name_count() + 1, 0);  // first how many, then where the next goes
    for (const RecordId id : records) {
        if (place[world[id].name]++ == 0) names.push_back(world[id].name);
    }
    std::ranges::sort(names, {}, [&](std::uint32_t name) { return world.name(name); });
    std::uint32_t at = 0;
    for (const std::uint32_t name : names) at += std::exchange(place[name], at);
    std::ranges::sort(records);
    std::vector<RecordId> grouped(records.size());
    for (const RecordId id : records) grouped[place[world[id].name]++] = id;
    records = std::move(grouped);
}

}  // namespace

CondaSelection select_conda(CondaWorld& world,
                            const std::vector<SpecId>& roots,
                            const CondaPreference& preference,
                            bool every_record) {
    CondaSelection selection;
    selection.roots = roots;
    std::vector<RecordId> reached = reachable(world, roots, nullptr);
    if (!every_record) {
        const std::vector<bool> alive = alive_records(world, reached, roots);
        reached = reachable(world, roots, &alive);
    }
    std::unordered_set<std::uint32_t> root_names;
    for (const SpecId root : roots) {
        for (const RecordId id : world.candidates(root)) root_names.insert(world[id].name);
    }
    const auto rank_kept = [&](RecordId id) {
        const auto found = preference.kept.find(id);
        return found == preference.kept.end() ? 0 : found->second;
    };
    group_by_name(world, reached);
    for (std::size_t begin = 0, end = 0; begin < reached.size(); begin = end) {
        const std::uint32_t name = world[reached[begin]].name;
        while (end < reached.size() && world[reached[end]].name == name) ++end;
        const std::span<RecordId> of_name = std::span(reached).subspan(begin, end - begin);
        const bool raised =
            std::ranges::find(preference.raised, world.name_of(of_name.front())) != preference.raised.end();
        const bool lowest =
            !raised && (preference.lowest_all || (preference.lowest_roots && root_names.contains(name)));
        world.sort_best_first(of_name, lowest);
        if (!preference.kept.empty()) std::ranges::stable_sort(of_name, std::ranges::greater{}, rank_kept);
    }
    selection.records =
        every_record ? std::move(reached) : collapse(world, reached, roots, preference.constraints);
    return selection;
}

}  // namespace aimlock::engine
