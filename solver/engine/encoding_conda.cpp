#include <algorithm>
#include <charconv>

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
        require_users();
        for (const SpecId root : selection_.roots) part_.problem.jobs.push_back(key(root));
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
                if (const auto major = cuda_major_of_record(id))
                    part_.cuda_versions.emplace_back(*major, solvable);
                for (const Identity& identity : world_[id].identities) {
                    part_.identities[identity.name].emplace_back(identity.version, solvable);
                }
            }
        }
    }

    [[nodiscard]] std::optional<unsigned> cuda_major_of_record(RecordId id) const {
        const std::string_view name = world_.name_of(id);
        if (name != "cuda-version" && name != "cudatoolkit" && name != "pytorch-cuda") return std::nullopt;
        const std::string& version = world_.version_of(id).text();
        unsigned major = 0;
        if (std::from_chars(version.data(), version.data() + version.size(), major).ec != std::errc{})
            return std::nullopt;
        return major;
    }

    void add_dependencies(RecordId id) {
        const SolvableId solvable = part_.solvable_of.at(id);
        for (const SpecId spec : world_[id].depends) {
            const KeyId required = key(spec);
            part_.problem.solvables[solvable].requirements.push_back(required);
        }
        for (const SpecId spec : world_[id].constrains) add_conflict(solvable, spec);
    }

    // A record that carries a PyPI distribution is installed only where conda itself asks for its name: what
    // only PyPI asks for comes from PyPI.
    void require_users() {
        std::unordered_map<std::uint32_t, std::vector<SolvableId>> users;  // by name of the records asked for
        for (const RecordId id : selection_.records) {
            for (const SpecId spec : world_[id].depends) {
                for (const RecordId wanted : world_.candidates(spec)) {
                    auto& of_name = users[world_[wanted].name];
                    const SolvableId user = part_.solvable_of.at(id);
                    if (of_name.empty() || of_name.back() != user) of_name.push_back(user);
                    break;  // all candidates of a spec have one name
                }
            }
        }
        std::unordered_map<std::uint32_t, KeyId> keys;
        for (const SpecId root : selection_.roots) {
            for (const RecordId id : world_.candidates(root)) keys[world_[id].name] = Problem::no_key;
        }
        for (const RecordId id : selection_.records) {
            if (world_[id].identities.empty()) continue;
            const auto [entry, is_new] = keys.try_emplace(world_[id].name, Problem::no_key);
            if (is_new) {
                entry->second = part_.problem.add_key(users[world_[id].name]);
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
        const auto found = part_.key_of.find(spec);
        if (found != part_.key_of.end()) return found->second;
        std::vector<SolvableId> providers = selected(world_.candidates(spec));
        const KeyId added = part_.problem.add_key(std::move(providers));
        part_.meanings.push_back({KeyMeaning::Kind::spec, spec, 0});
        part_.key_of.emplace(spec, added);
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
    std::map<SpecId, std::optional<KeyId>> complements_;
};

}  // namespace

CondaPart encode_conda(CondaWorld& world,
                       const CondaSelection& selection,
                       const std::vector<SpecId>& constraints,
                       const Pythons& pythons) {
    return CondaEncoder(world, selection).encode(constraints, pythons);
}

}  // namespace aimlock::engine
