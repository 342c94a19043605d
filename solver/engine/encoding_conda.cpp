#include <algorithm>
#include <span>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/encoding.hpp"

namespace aimlock::engine {
namespace {

class CondaEncoder {
public:
    CondaEncoder(CondaWorld& world, const CondaSelection& selection) : world_(world), selection_(selection) {}

    CondaPart encode(const std::vector<SpecId>& constraints, const Pythons& pythons) {
        add_solvables();
        for (const RecordId id : selection_.records) add_dependencies(id);
        add_constraints(constraints);
        for (const SpecId root : selection_.roots) {
            for (const KeyId required : keys_for(root)) part_.problem.jobs.push_back(required);
        }
        require_users();  // at the end: extras are users, too
        for (const PythonCandidate& candidate : pythons.candidates) {
            part_.pythons.emplace_back();
            for (const RecordId id : candidate.records) {
                const auto found = part_.solvable_of.find(id);
                if (found != part_.solvable_of.end()) part_.pythons.back().push_back(found->second);
            }
            std::ranges::sort(part_.pythons.back());
        }
        return std::move(part_);
    }

private:
    void add_solvables() {
        std::size_t i = 0;
        while (i < selection_.records.size()) {
            std::size_t end = i;
            while (end < selection_.records.size() &&
                   world_[selection_.records[end]].name == world_[selection_.records[i]].name) {
                ++end;
            }
            const std::uint32_t name =
                part_.problem.add_name("b:" + std::string(world_.name_of(selection_.records[i])));
            for (auto rank = static_cast<std::uint32_t>(end - i); i < end; ++i, --rank) {
                const RecordId id = selection_.records[i];
                const auto solvable = static_cast<SolvableId>(part_.problem.solvables.size());
                part_.solvable_of.emplace(id, solvable);
                part_.problem.solvables.push_back({name, rank, {}, {}});
                part_.origins.push_back({Origin::Kind::record, id, 0, 0, no_extra});
                if (const auto major = world_.cuda_major_of(id))
                    part_.cuda_versions.emplace_back(*major, solvable);
                for (const Identity& identity : world_[id].identities) {
                    part_.identities[identity.name].emplace_back(identity.version, solvable);
                }
            }
        }
    }

    void add_dependencies(RecordId id) {
        const SolvableId solvable = part_.solvable_of.at(id);
        require(solvable, world_[id].depends);
        for (const SpecId spec : world_[id].constrains) add_conflict(solvable, spec);
    }

    void require(SolvableId solvable, std::span<const SpecId> specs) {
        for (const SpecId spec : specs) {
            for (const KeyId required : keys_for(spec))
                part_.problem.solvables[solvable].requirements.push_back(required);
            if (world_.candidates(spec).empty()) continue;
            // All candidates of a spec have one name.
            auto& of_name = users_[world_[world_.candidates(spec).front()].name];
            if (of_name.empty() || of_name.back() != solvable) of_name.push_back(solvable);
        }
    }

    // What a spec asks for: one of its candidates, and each of its extras.
    std::vector<KeyId> keys_for(SpecId spec) {
        std::vector<KeyId> keys{key(spec)};
        for (const std::string& group : world_.spec(spec).extras) keys.push_back(extra_key(spec, group));
        return keys;
    }

    // An extra of whichever candidate is installed; that a record has no such extra is no error (CEP 44).
    KeyId extra_key(SpecId spec, const std::string& group) {
        const auto [entry, is_new] = extra_keys_.try_emplace({spec, group}, KeyId{0});
        if (!is_new) return entry->second;
        std::vector<SolvableId> providers;
        for (const RecordId id : world_.candidates(spec)) {
            if (!part_.solvable_of.contains(id)) continue;
            const bool has_it = world_.extra(id, group) != nullptr;
            providers.push_back(has_it ? extra_of(id, group) : part_.solvable_of.at(id));
        }
        if (const WorldCondition* condition = world_.condition(spec)) providers.push_back(unless(*condition));
        std::ranges::sort(providers);
        const KeyId added = part_.problem.add_key(std::move(providers));
        part_.meanings.push_back({KeyMeaning::Kind::spec, spec, 0});
        return extra_keys_[{spec, group}] = added;
    }

    SolvableId extra_of(RecordId id, const std::string& group) {
        const auto found = extras_.find({id, group});
        if (found != extras_.end()) return found->second;
        const std::string called = "b:" + std::string(world_.name_of(id)) + "[" + group + "]";
        const auto [name, is_new] = extra_names_.try_emplace(called, 0U);
        if (is_new) name->second = part_.problem.add_name(called);
        const SolvableId record = part_.solvable_of.at(id);
        const SolvableId extra =
            add_solvable(name->second, part_.problem.solvables[record].rank, Origin::Kind::record_extra, id);
        extras_.emplace(std::pair(id, group), extra);
        const KeyId itself = part_.problem.add_key({record});
        part_.meanings.push_back({KeyMeaning::Kind::record, id, 0});
        part_.problem.solvables[extra].requirements.push_back(itself);
        require(extra, world_.extra(id, group)->depends);
        return extra;
    }

    // The case that a condition is not met (CEP 43): a solvable that excludes what would meet it. Its name
    // sorts before all others, so that a dependency whose condition nobody asks for is not installed.
    SolvableId unless(const WorldCondition& condition) {
        using Kind = SpecCondition::Kind;
        const auto found = unless_.find(&condition);
        if (found != unless_.end()) return found->second;
        std::vector<SolvableId> parts;
        for (const WorldCondition& part : condition.parts) parts.push_back(unless(part));
        const std::uint32_t name = part_.problem.add_name("0:unless-" + std::to_string(unless_.size()));
        const SolvableId solvable = add_solvable(name, 1, Origin::Kind::unless, condition.spec);
        unless_.emplace(&condition, solvable);
        const auto add_key = [&](std::vector<SolvableId> providers) {
            std::ranges::sort(providers);
            part_.meanings.push_back({KeyMeaning::Kind::not_spec, condition.spec, 0});
            return part_.problem.add_key(std::move(providers));
        };
        std::vector<KeyId> needed;
        if (condition.kind == Kind::spec) {
            auto meeting = selected(world_.candidates(condition.spec));
            if (!meeting.empty())
                part_.problem.solvables[solvable].conflicts.push_back(add_key(std::move(meeting)));
        } else if (condition.kind == Kind::all_of) {
            needed.push_back(add_key(parts));
        } else {
            for (const SolvableId part : parts) needed.push_back(add_key({part}));
        }
        part_.problem.solvables[solvable].requirements = std::move(needed);
        return solvable;
    }

    SolvableId add_solvable(std::uint32_t name, std::uint32_t rank, Origin::Kind kind, std::uint32_t index) {
        part_.problem.solvables.push_back({name, rank, {}, {}});
        part_.origins.push_back({kind, index, 0, 0, no_extra});
        return static_cast<SolvableId>(part_.problem.solvables.size() - 1);
    }

    // A record that carries a PyPI distribution is installed only where conda itself asks for its name: what
    // only PyPI asks for comes from PyPI.
    void require_users() {
        std::unordered_map<std::uint32_t, KeyId> keys;  // by name
        for (const SpecId root : selection_.roots) {
            for (const RecordId id : world_.candidates(root)) keys[world_[id].name] = Problem::no_key;
        }
        for (const RecordId id : selection_.records) {
            if (world_[id].identities.empty()) continue;
            const auto [entry, is_new] = keys.try_emplace(world_[id].name, Problem::no_key);
            if (is_new) {
                std::vector<SolvableId>& users = users_[world_[id].name];
                sort_unique(users);
                entry->second = part_.problem.add_key(users);
                part_.meanings.push_back({KeyMeaning::Kind::user, world_[id].name, 0});
            }
            if (entry->second != Problem::no_key) {
                part_.problem.solvables[part_.solvable_of.at(id)].requirements.push_back(entry->second);
            }
        }
    }

    // Bounds that ask for nothing are the `constrains` of a solvable that is always there.
    void add_constraints(const std::vector<SpecId>& constraints) {
        if (constraints.empty()) return;
        const std::uint32_t name = part_.problem.add_name("c:constraints");
        const auto solvable = static_cast<SolvableId>(part_.problem.solvables.size());
        part_.problem.solvables.push_back({name, 1, {}, {}});
        part_.origins.push_back({Origin::Kind::constraints, 0, 0, 0, no_extra});
        for (const SpecId spec : constraints) add_conflict(solvable, spec);
        part_.problem.jobs.push_back(part_.problem.add_key({solvable}));
        part_.meanings.push_back({KeyMeaning::Kind::not_spec, 0, 0});
    }

    void add_conflict(SolvableId solvable, SpecId spec) {
        const std::optional<KeyId> conflict = complement(spec);
        if (conflict) part_.problem.solvables[solvable].conflicts.push_back(*conflict);
    }

    KeyId key(SpecId spec) {
        const auto found = key_of_.find(spec);
        if (found != key_of_.end()) return found->second;
        std::vector<SolvableId> providers = selected(world_.candidates(spec));
        if (const WorldCondition* condition = world_.condition(spec)) providers.push_back(unless(*condition));
        std::ranges::sort(providers);
        const KeyId added = part_.problem.add_key(std::move(providers));
        part_.meanings.push_back({KeyMeaning::Kind::spec, spec, 0});
        key_of_.emplace(spec, added);
        return added;
    }

    // The records of the spec's name that it does not match; nullopt where there is none.
    std::optional<KeyId> complement(SpecId spec) {
        const auto found = complements_.find(spec);
        if (found != complements_.end()) return found->second;
        const std::vector<RecordId>& matching = world_.candidates(spec);
        std::vector<RecordId> others;
        for (const RecordId id : world_.records_named(world_.spec_name(spec))) {
            if (!std::ranges::binary_search(matching, id)) others.push_back(id);
        }
        std::vector<SolvableId> providers = selected(others);
        std::optional<KeyId> added;
        if (!providers.empty()) {
            added = part_.problem.add_key(std::move(providers));
            part_.meanings.push_back({KeyMeaning::Kind::not_spec, spec, 0});
        }
        complements_.emplace(spec, added);
        return added;
    }

    std::vector<SolvableId> selected(const std::vector<RecordId>& records) const {
        std::vector<SolvableId> solvables;
        for (const RecordId id : records) {
            const auto found = part_.solvable_of.find(id);
            if (found != part_.solvable_of.end()) solvables.push_back(found->second);
        }
        std::ranges::sort(solvables);
        return solvables;
    }

    CondaWorld& world_;
    const CondaSelection& selection_;
    CondaPart part_;
    std::unordered_map<SpecId, KeyId> key_of_;
    std::map<SpecId, std::optional<KeyId>> complements_;
    std::unordered_map<std::uint32_t, std::vector<SolvableId>> users_;  // by name of the records asked for
    std::map<std::pair<SpecId, std::string>, KeyId> extra_keys_;
    std::map<std::pair<RecordId, std::string>, SolvableId> extras_;
    std::map<std::string, std::uint32_t> extra_names_;
    std::map<const WorldCondition*, SolvableId> unless_;
};

}  // namespace

CondaPart encode_conda(CondaWorld& world,
                       const CondaSelection& selection,
                       const std::vector<SpecId>& constraints,
                       const Pythons& pythons) {
    return CondaEncoder(world, selection).encode(constraints, pythons);
}

CondaPart only_records(const CondaPart& part, const std::unordered_set<RecordId>& records) {
    constexpr SolvableId gone = 0xffffffff;
    CondaPart kept;
    std::vector<SolvableId> renumbered(part.problem.solvables.size(), gone);
    for (SolvableId id = 0; id < part.problem.solvables.size(); ++id) {
        const Origin& origin = part.origins[id];
        const bool is_records =
            origin.kind == Origin::Kind::record || origin.kind == Origin::Kind::record_extra;
        if (is_records && !records.contains(origin.index)) continue;
        renumbered[id] = static_cast<SolvableId>(kept.origins.size());
        kept.origins.push_back(origin);
        kept.problem.solvables.push_back(part.problem.solvables[id]);
        if (origin.kind == Origin::Kind::record) kept.solvable_of.emplace(origin.index, renumbered[id]);
    }
    const auto rest_of = [&](const std::vector<SolvableId>& solvables) {
        std::vector<SolvableId> rest;
        for (const SolvableId id : solvables) {
            if (renumbered[id] != gone) rest.push_back(renumbered[id]);
        }
        return rest;
    };
    kept.problem.names = part.problem.names;
    kept.problem.identity_keys = part.problem.identity_keys;
    kept.problem.jobs = part.problem.jobs;
    kept.meanings = part.meanings;
    kept.problem.keys.reserve(part.problem.keys.size());
    for (const auto& providers : part.problem.keys) kept.problem.keys.push_back(rest_of(providers));
    for (const auto& [name, carriers] : part.identities) {
        for (const auto& [version, solvable] : carriers) {
            if (renumbered[solvable] != gone)
                kept.identities[name].emplace_back(version, renumbered[solvable]);
        }
    }
    for (const auto& [major, solvable] : part.cuda_versions) {
        if (renumbered[solvable] != gone) kept.cuda_versions.emplace_back(major, renumbered[solvable]);
    }
    for (const auto& pythons : part.pythons) kept.pythons.push_back(rest_of(pythons));
    return kept;
}

}  // namespace aimlock::engine
