#include <algorithm>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/encoding_rules.hpp"

namespace aimlock::engine {
namespace {

class Naming {
public:
    Naming(EncodedRound& round, const CondaPart& conda, PypiWorld& pypi)
        : round_(round), conda_(conda), pypi_(pypi) {}

    void require(const Windows& windows) {
        for (SolvableId id = 0; id < round_.origins.size(); ++id) {
            const Origin origin = round_.origins[id];
            if (origin.kind != Origin::Kind::release) continue;
            const auto named = windows.unlocked.find(origin.project);
            const bool is_named = named != windows.unlocked.end() && named->second.contains(origin.release);
            const bool hoped = windows.hope_for_names && pypi_.may_be_named(origin.project, origin.release);
            if (!is_named && !hoped) continue;
            if (auto namers = namers_of(origin)) {
                if (windows.hope_for_names) add_unknown(*namers);
                const KeyId key = round_.add_key({KeyMeaning::Kind::naming, id, 0}, *std::move(namers));
                round_.problem.solvables[id].requirements.push_back(key);
            }
        }
    }

private:
    // Solvables one of which must be there; nullopt: the request itself names the release.
    std::optional<std::vector<SolvableId>> namers_of(const Origin& origin) {
        std::vector<SolvableId> namers;
        for (const auto& [dependency, key] : round_.dependency_keys) {
            const PypiDependency& asked = pypi_.dependency(dependency);
            if (asked.project != origin.project || asked.extra != no_extra) continue;
            const auto& admitted = pypi_.admitted(origin.project, asked.specifiers);
            if (!std::ranges::binary_search(admitted, origin.release)) continue;
            const bool always = asked.pythons == pypi_.pythons().all;
            const bool is_job = std::ranges::find(round_.problem.jobs, key) != round_.problem.jobs.end();
            if (is_job && always) return std::nullopt;
            if (is_job) {
                conda_.add_pythons(asked.pythons, namers);
            } else if (always) {
                const auto& users = users_of(key);
                namers.insert(namers.end(), users.begin(), users.end());
            } else {
                namers.push_back(naming_under(asked.pythons, key));
            }
        }
        sort_unique(namers);
        return namers;
    }

    // Solvables of which is not known what they require.
    void add_unknown(std::vector<SolvableId>& namers) const {
        for (SolvableId id = 0; id < round_.origins.size(); ++id) {
            const Origin& origin = round_.origins[id];
            const bool is_release =
                origin.kind == Origin::Kind::release || origin.kind == Origin::Kind::extra;
            if (is_release ? !pypi_[origin.project].releases[origin.release].requirements
                           : origin.kind == Origin::Kind::tail || origin.kind == Origin::Kind::unknown ||
                                 origin.kind == Origin::Kind::unknown_extra) {
                namers.push_back(id);
            }
        }
        sort_unique(namers);
    }

    const std::vector<SolvableId>& users_of(KeyId key) {
        const auto [entry, is_new] = users_.try_emplace(key);
        if (is_new) {
            for (SolvableId id = 0; id < round_.problem.solvables.size(); ++id) {
                const auto& required = round_.problem.solvables[id].requirements;
                if (std::ranges::find(required, key) != required.end()) entry->second.push_back(id);
            }
        }
        return entry->second;
    }

    // A requirement that holds for some Pythons names nothing under the others.
    SolvableId naming_under(const PythonSet& pythons, KeyId key) {
        const auto [entry, is_new] = naming_.try_emplace(key, SolvableId{0});
        if (!is_new) return entry->second;
        std::vector<SolvableId> there;
        conda_.add_pythons(pythons, there);
        std::ranges::sort(there);
        const KeyId under = round_.add_key({KeyMeaning::Kind::python, 0, 0}, std::move(there));
        const KeyId users = round_.add_key({KeyMeaning::Kind::naming, key, 0}, users_of(key));
        const std::uint32_t name = round_.problem.add_name("c:names-" + std::to_string(key));
        entry->second = static_cast<SolvableId>(round_.problem.solvables.size());
        round_.problem.solvables.push_back({name, 1, {under, users}, {}});
        round_.origins.push_back({Origin::Kind::naming, key, 0, 0, no_extra});
        return entry->second;
    }

    EncodedRound& round_;
    const CondaPart& conda_;
    PypiWorld& pypi_;
    std::map<KeyId, std::vector<SolvableId>> users_;
    std::map<KeyId, SolvableId> naming_;
};

}  // namespace

void require_naming(EncodedRound& round, const CondaPart& conda, PypiWorld& pypi, const Windows& windows) {
    Naming(round, conda, pypi).require(windows);
}

}  // namespace aimlock::engine
