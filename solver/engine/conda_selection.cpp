#include "solver/engine/conda_selection.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

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
    for (const SpecId root : roots) reach(root);
    for (std::size_t next = 0; next < reached.size(); ++next) {
        for (const SpecId spec : world[reached[next]].depends) reach(spec);
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
    for (const RecordId id : reached) {
        for (const SpecId spec : world[id].depends)
            problem.solvables[solvable_of[id]].requirements.push_back(key(spec));
    }
    for (const SpecId root : roots) problem.jobs.push_back(key(root));
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

// Keeps the first (best) record of every class. `records` is grouped by name, best first.
std::vector<RecordId> collapse(CondaWorld& world,
                               const std::vector<RecordId>& records,
                               const std::vector<SpecId>& roots) {
    std::vector<bool> taking_part(world.records().size(), false);
    std::vector<bool> in_use(world.spec_count(), false);
    for (const SpecId root : roots) in_use[root] = true;
    for (const RecordId id : records) {
        taking_part[id] = true;
        for (const SpecId spec : world[id].depends) in_use[spec] = true;
        for (const SpecId spec : world[id].constrains) in_use[spec] = true;
    }
    std::vector<std::uint64_t> matched_by(world.records().size(), 0);
    for (SpecId spec = 0; spec < in_use.size(); ++spec) {
        if (!in_use[spec]) continue;
        for (const RecordId id : world.candidates(spec)) {
            // A constraint may name a package that was not read before: its records come behind the others.
            if (id < taking_part.size() && taking_part[id]) mix(matched_by[id], spec);
        }
    }
    std::unordered_set<std::uint64_t> classes;
    std::vector<RecordId> kept;
    for (const RecordId id : records) {
        const WorldRecord& record = world[id];
        std::uint64_t hash = matched_by[id];
        mix(hash, record.name);
        const bool is_python = world.name_of(id) == "python";
        if (!record.identities.empty() || is_python) mix(hash, record.version);
        if (is_python)
            mix(hash, record.build.find("cp") == std::string_view::npos
                          ? 0
                          : std::hash<std::string_view>{}(record.build));
        for (const auto* specs : {&record.depends, &record.constrains}) {
            mix(hash, 0x5eedULL);
            std::vector<SpecId> sorted = *specs;
            std::ranges::sort(sorted);
            for (const SpecId spec : sorted) mix(hash, spec);
        }
        if (classes.insert(hash).second) kept.push_back(id);
    }
    return kept;
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
    std::ranges::sort(reached, [&](RecordId a, RecordId b) {
        if (world[a].name != world[b].name) return world.name_of(a) < world.name_of(b);
        const int kept_a = rank_kept(a);
        const int kept_b = rank_kept(b);
        if (kept_a != kept_b) return kept_a > kept_b;
        const bool lowest =
            preference.lowest_all || (preference.lowest_roots && root_names.contains(world[a].name));
        return world.better(a, b, lowest);
    });
    selection.records = every_record ? std::move(reached) : collapse(world, reached, roots);
    return selection;
}

}  // namespace aimlock::engine
