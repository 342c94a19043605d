// What makes one answer better than another, as solver/engine/README.md says it.
#include <algorithm>
#include <set>
#include <tuple>

#include "tests/property/exhaustive.hpp"

namespace aimlock::testing {
namespace {

// Worth of versions by place in an order, the worst 1.
template <class Less>
std::map<std::size_t, int> places(std::vector<std::size_t> items, const Less& less) {
    std::ranges::stable_sort(items, less);
    std::map<std::size_t, int> worth;
    int place = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i == 0 || less(items[i - 1], items[i])) ++place;
        worth.emplace(items[i], place);
    }
    return worth;
}

}  // namespace

int Rules::preference_of(bool conda, const std::string& name) const {
    const auto found = std::ranges::find_if(
        world_.preferred, [&](const auto& wanted) { return wanted.conda == conda && wanted.name == name; });
    return found == world_.preferred.end() ? -1 : static_cast<int>(found - world_.preferred.begin());
}

void Rules::find_directs() {
    const bool lowest = world_.options.resolution != ResolutionMode::highest;
    std::set<std::string> seen{"python"};
    if (matching({"python"}).any()) {
        directs_.push_back(record_worth("python", lowest, false));
        directs_.back().dated = false;
    }
    for (const CondaNeed& root : world_.conda) {
        if (!seen.insert(root.name).second) continue;
        directs_.push_back(record_worth(root.name, lowest, false));
        directs_.back().candidates = matching(root);
        kept_of_.push_back(preference_of(true, root.name));
    }
    seen.clear();
    for (const PypiNeed& root : world_.pypi) {
        const bool holds = std::ranges::any_of(
            pythons_, [&](const Python& python) { return root.marker.holds(python.version, {}); });
        if (!holds || !seen.insert(root.name).second) continue;
        directs_.push_back(project_worth(root.name, lowest));
        directs_.back().candidates = demand(root, {}).providers;
        kept_of_.push_back(preference_of(false, root.name));
    }
    find_others();
    find_preferred();
    find_raised();
}

void Rules::find_raised() {
    for (const std::string& name : world_.raised) {
        for (const CondaNeed& root : world_.conda) {
            if (root.name != name) continue;
            raised_.push_back(record_worth(name, false, false));
            raised_.back().candidates = matching(root);
            break;
        }
        for (const PypiNeed& root : world_.pypi) {
            const bool holds = std::ranges::any_of(
                pythons_, [&](const Python& python) { return root.marker.holds(python.version, {}); });
            if (root.name != name || !holds) continue;
            raised_.push_back(project_worth(name, false));
            raised_.back().candidates = demand(root, {}).providers;
            break;
        }
    }
}

// A preference on what does not exist means nothing.
void Rules::find_preferred() {
    for (const PlainPreference& wanted : world_.preferred) {
        Direct direct;
        bool exists = std::ranges::any_of(world_.releases, [&](const PlainRelease& release) {
            return !wanted.conda && release.name == wanted.name && release.version == wanted.version &&
                   usable_somewhere(release);
        });
        for (std::size_t i = 0; i < items_.size(); ++i) {
            const Item& item = items_[i];
            if (wanted.conda && item.kind == Item::Kind::record && item.name == wanted.name) {
                const bool same = conda_order(item.version, wanted.version) == 0;
                exists = exists || same;
                const bool build = wanted.build.empty() || world_.records[item.index].build == wanted.build;
                direct.versions.emplace(i, same ? (build ? 3 : 2) : 1);
            }
            if (wanted.conda) continue;
            for (const auto& [dist, version] : item.carries) {
                if (dist != wanted.name) continue;
                const bool same = item.kind == Item::Kind::release && version == wanted.version;
                direct.versions[i] = same ? 3 : 1;
            }
        }
        if (!exists) direct.versions.clear();
        for (const auto& [item, place] : direct.versions) direct.candidates.set(item);
        preferred_.push_back(std::move(direct));
    }
}

// Builds of every conda name, and the projects that are not asked for directly.
void Rules::find_others() {
    const bool lowest = world_.options.resolution == ResolutionMode::lowest;
    std::set<std::string> seen;
    for (const Item& item : items_) {
        if (item.kind == Item::Kind::record && seen.insert(item.name).second)
            others_.push_back(record_worth(item.name, lowest, true));
    }
    seen.clear();
    for (const PypiNeed& root : world_.pypi) seen.insert(root.name);
    for (const Item& item : items_) {
        if (item.kind == Item::Kind::release && seen.insert(item.name).second)
            others_.push_back(project_worth(item.name, lowest));
    }
}

// A version is as old as its first build or upload, and never newer than one that comes after it: a late fix
// of an old series is as old as what replaced it.
std::map<std::size_t, int> Rules::days(const std::map<std::size_t, int>& places) const {
    std::map<int, int> first;  // by place
    for (const auto& [item, place] : places) {
        const int day = items_[item].day == 0 ? undated : items_[item].day;
        int& known = first.try_emplace(place, day).first->second;
        known = std::min(known, day);
    }
    std::map<std::size_t, int> found;
    for (const auto& [item, place] : places) {
        int day = first[place];
        for (const auto& [other, date] : first) {
            if (other > place && date != undated && day != undated) day = std::min(day, date);
        }
        found.emplace(item, day);
    }
    return found;
}

// Of records, those of the first channel come before newer ones, and so do those without track_features.
Rules::Direct Rules::record_worth(const std::string& name, bool lowest, bool builds) const {
    Direct direct{matching({name}), {}, {}, true};
    std::vector<std::size_t> items;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (direct.candidates.test(i)) items.push_back(i);
    }
    const bool channels_count = world_.options.channel_priority != ChannelPriority::disabled;
    const auto less = [&](std::size_t a, std::size_t b) {
        const PlainRecord& x = world_.records[items_[a].index];
        const PlainRecord& y = world_.records[items_[b].index];
        if (channels_count && x.channel != y.channel) return x.channel > y.channel;
        if (x.tracks != y.tracks) return x.tracks;
        const auto order = conda_order(x.version, y.version);
        if (order != 0) return lowest ? order > 0 : order < 0;
        return builds && x.build_number < y.build_number;
    };
    direct.versions = places(items, less);
    direct.days = days(direct.versions);
    return direct;
}

Rules::Direct Rules::project_worth(const std::string& name, bool lowest) const {
    Direct direct;
    std::vector<std::size_t> items;
    std::map<std::size_t, PlainVersion> versions;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        for (const auto& [dist, version] : items_[i].carries) {
            if (dist == name && versions.emplace(i, version).second) items.push_back(i);
        }
    }
    for (const std::size_t item : items) direct.candidates.set(item);
    const bool wants_prereleases = std::ranges::any_of(
        world_.pypi, [&](const PypiNeed& root) { return root.name == name && root.names_prerelease(); });
    const auto less = [&](std::size_t a, std::size_t b) {
        const bool x_final = wants_prereleases || !versions[a].prerelease;
        const bool y_final = wants_prereleases || !versions[b].prerelease;
        if (x_final != y_final) return y_final;
        const auto order = pypi_order(versions[a], versions[b]);
        return lowest ? order > 0 : order < 0;
    };
    direct.versions = places(items, less);
    // A pre-release of the next series makes no final release new.
    std::map<std::size_t, int> finals;
    std::map<std::size_t, int> prereleases;
    for (const auto& [item, place] : direct.versions)
        (versions[item].prerelease ? prereleases : finals).emplace(item, place);
    direct.days = days(finals);
    direct.days.merge(days(prereleases));
    return direct;
}

Worth Rules::worth(const Items& chosen, const Items& forbidden) const {
    Worth found;
    const auto worth_of = [&](const Direct& direct) {
        int day = 0;
        int version = 0;
        for (const auto& [item, place] : direct.versions) {
            if (chosen.test(item)) return std::pair(direct.days.at(item), place);
            if (forbidden.test(item) || !direct.candidates.test(item)) continue;
            day = std::max(day, direct.days.at(item));
            version = std::max(version, place);
        }
        return std::pair(day, version);
    };
    for (const Direct& direct : directs_) {
        const auto [day, version] = worth_of(direct);
        if (direct.dated) found.days.push_back(day);
        found.versions.push_back(version);
    }
    for (const Direct& named : raised_) found.raised.push_back(worth_of(named).second);
    for (const Direct& wanted : preferred_) {
        int place = (wanted.candidates & ~forbidden).any() ? undated : 0;
        for (const auto& [item, own] : wanted.versions) {
            if (chosen.test(item)) place = own;
        }
        found.kept.push_back(place);
    }
    found.kept_of = kept_of_;
    for (const Direct& other : others_) {
        const bool decided =
            (other.candidates & (chosen | ~forbidden)).none() || (other.candidates & chosen).any();
        int place = decided ? worth_of(other).second : undated;  // it may be absent as well
        for (const auto& [item, own] : other.versions) {
            // Which of two builds comes first is not asked here.
            if (decided && chosen.test(item)) place = own * 512 + static_cast<int>(item);
        }
        found.others.push_back(place);
    }
    return found;
}

namespace {

// What is not there did not move.
int stays(int kept) {
    return kept == 0 ? 3 : kept;
}

// Nothing that `update` names is older, and nothing moved further from what is preferred.
bool keeps(const Worth& other, const Worth& own) {
    if (other.raised < own.raised) return false;
    for (std::size_t i = 0; i < own.kept.size(); ++i) {
        if (stays(other.kept[i]) < stays(own.kept[i])) return false;
    }
    return true;
}

// A direct requirement that is kept is as new as it should be: its date says nothing.
bool is_dated(const Worth& own, std::size_t direct) {
    return own.kept_of[direct] < 0 || own.kept[static_cast<std::size_t>(own.kept_of[direct])] != 3;
}

}  // namespace

bool better_by_raising(const Worth& other, const Worth& own) {
    return other.raised > own.raised;
}

bool better_by_keeping(const Worth& other, const Worth& own) {
    if (!keeps(other, own)) return false;
    for (std::size_t i = 0; i < own.kept.size(); ++i) {
        if (stays(other.kept[i]) > stays(own.kept[i])) return true;
    }
    return false;
}

// For some item: what is older is not older than before, nor is what is as old, and the item itself and all
// that is newer is newer than it was.
bool better_by_dates(const Worth& other, const Worth& own) {
    if (!keeps(other, own)) return false;
    for (std::size_t i = 0; i < own.days.size(); ++i) {
        bool better = is_dated(own, i);
        for (std::size_t j = 0; j < own.days.size() && better; ++j) {
            if (!is_dated(own, j)) continue;
            const bool before = own.days[j] < own.days[i] || (own.days[j] == own.days[i] && i != j);
            better = before ? other.days[j] >= own.days[j] : other.days[j] > own.days[i];
        }
        if (better) return true;
    }
    return false;
}

namespace {

bool none_older(const Worth& other, const Worth& own) {
    if (!keeps(other, own)) return false;
    for (std::size_t i = 0; i < own.days.size(); ++i) {
        if (is_dated(own, i) && other.days[i] < own.days[i]) return false;
    }
    return true;
}

}  // namespace

bool better_by_versions(const Worth& other, const Worth& own) {
    return none_older(other, own) && other.versions > own.versions;
}

// What is not there is neither better nor worse.
bool better_by_others(const Worth& other, const Worth& own) {
    if (!none_older(other, own) || other.versions < own.versions) return false;
    bool better = false;
    for (std::size_t i = 0; i < own.others.size(); ++i) {
        if (own.others[i] == 0 || other.others[i] == 0) continue;
        if (other.others[i] < own.others[i]) return false;
        if (other.others[i] / 512 == own.others[i] / 512 && other.others[i] != own.others[i]) return false;
        better = better || other.others[i] > own.others[i];
    }
    return better;
}

Items Rules::hoped_for(const Items& answer) const {
    Items named = answer;
    for (const auto& roots : pypi_roots_) {
        for (const Demand& root : roots) named |= root.regular;
    }
    Items hoped;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].kind != Item::Kind::release || named.test(i)) continue;
        hoped.set(i, world_.releases[items_[i].index].yanked || items_[i].version.prerelease);
    }
    return hoped;
}

bool Rules::best_is_clear() const {
    // A Python under which a requirement does not hold is no better than another.
    std::map<std::string, const PypiNeed*> asked;
    for (const PypiNeed& root : world_.pypi) {
        for (const Python& python : pythons_) {
            if (root.marker.holds(python.version, {}) != root.marker.holds(pythons_.front().version, {}))
                return false;
        }
        if (!asked.emplace(root.name, &root).second) return false;
        for (const PlainRelease& release : world_.releases) {
            if (release.name != root.name || world_.is_too_new(release.day)) continue;
            // An upload that cannot be installed dates its version all the same; no item stands for it here.
            if (release.day == 0 || release.broken || !usable_somewhere(release)) return false;
        }
        std::set<std::string> carriers;
        for (const Item& item : items_) {
            const bool carries = std::ranges::any_of(
                item.carries, [&](const auto& carried) { return carried.first == root.name; });
            if (carries && item.kind == Item::Kind::record) carriers.insert(item.name);
        }
        if (carriers.size() > 1) return false;
        // Records that cannot be part of an answer have no say in how old a version is; which those are is
        // not asked here.
        if (!carriers.empty() &&
            std::ranges::any_of(project_worth(root.name, false).days,
                                [&](const auto& day) { return day.second != items_[day.first].day; })) {
            return false;
        }
    }
    const bool python_is_asked =
        !world_.pypi.empty() ||
        std::ranges::any_of(world_.conda, [](const CondaNeed& root) { return root.name == "python"; });
    return python_is_asked || matching({"python"}).none();
}

}  // namespace aimlock::testing
