#include <algorithm>
#include <set>

#include "tests/property/exhaustive.hpp"

namespace aimlock::testing {

Rules::Rules(const World& world, bool every_prerelease, std::set<std::string> prereleases_of)
    : world_(world), every_prerelease_(every_prerelease), prereleases_of_(std::move(prereleases_of)) {
    add_records();
    find_pythons();
    add_releases();
    add_extras();
    against_.resize(items_.size());
    find_conflicts();
    describe_records();
    pypi_roots_.resize(pythons_.size());
    needs_.resize(pythons_.size());
    for (std::size_t python = 0; python < pythons_.size(); ++python) describe_python(python);
    find_directs();
}

std::size_t Rules::add(Item item) {
    if (items_.size() == Items().size()) throw std::length_error("a world of too many items");
    items_.push_back(std::move(item));
    return items_.size() - 1;
}

// --- what there is

// For this platform.
bool Rules::exists(const PlainRecord& record) const {
    return record.channel < world_.channels && record.subdir != "win-64";
}

// Under strict priority a name comes from the first channel that has it, or from the one that a requirement
// names.
bool Rules::visible(const PlainRecord& record) const {
    if (!exists(record) || world_.is_too_new(record.day)) return false;
    const auto pin = std::ranges::find_if(world_.conda, [&](const CondaNeed& root) {
        return root.name == record.name && !root.channel.empty();
    });
    if (pin != world_.conda.end()) return pin->channel == channel_name(record.channel);
    if (const auto left = world_.pins.find(record.name); left != world_.pins.end())
        return left->second == channel_name(record.channel);
    if (world_.options.channel_priority != ChannelPriority::strict) return true;
    // What is too new shuts the name out all the same: the channel has it.
    return std::ranges::none_of(world_.records, [&](const PlainRecord& other) {
        return other.name == record.name && other.channel < record.channel && exists(other);
    });
}

// Of several distributions in a package, one of another name is believed only where no package of the
// distribution's own name has it, or where that one is a wrapper that depends on this one.
bool Rules::carries_truly(const std::string& conda_name, const std::string& dist) const {
    if (conda_name == dist) return true;
    const auto own = world_.name_map.find(dist);
    if (own == world_.name_map.end() || std::ranges::find(own->second, dist) == own->second.end())
        return true;
    return std::ranges::any_of(world_.records, [&](const PlainRecord& record) {
        return record.name == dist && exists(record) &&
               std::ranges::any_of(record.depends,
                                   [&](const CondaNeed& need) { return need.name == conda_name; });
    });
}

std::vector<std::pair<std::string, PlainVersion>> Rules::carried_by(const PlainRecord& record) const {
    std::vector<std::pair<std::string, PlainVersion>> carried;
    if (record.name == "python") return carried;
    if (record.purls) return *record.purls;
    const auto mapped = world_.name_map.find(record.name);
    if (record.version.odd || mapped == world_.name_map.end()) return carried;
    for (const std::string& dist : mapped->second) {
        if (mapped->second.size() > 1 && !carries_truly(record.name, dist)) continue;
        const std::pair entry(dist, record.version);
        if (std::ranges::find(carried, entry) == carried.end()) carried.push_back(entry);
    }
    return carried;
}

// A version is as old as its first build.
int Rules::day_of(const PlainRecord& record) const {
    int day = record.day;
    for (const PlainRecord& other : world_.records) {
        if (other.name == record.name && other.version == record.version && visible(other))
            day = std::min(day, other.day);
    }
    return day;
}

void Rules::add_records() {
    for (std::size_t i = 0; i < world_.records.size(); ++i) {
        const PlainRecord& record = world_.records[i];
        if (!visible(record)) continue;
        Item item{Item::Kind::record, i, record.name,   {}, record.version,
                  carried_by(record), 0, day_of(record)};
        if (record.name == "cuda-version") item.cuda = record.version.major;
        record_items_.set(add(std::move(item)));
    }
    if (world_.cuda != 0)
        always_.set(add({Item::Kind::fact, 0, "__cuda", {}, PlainVersion{world_.cuda}, {}, 0, 0}));
}

void Rules::find_pythons() {
    if (world_.pypi.empty()) return;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (items_[i].name != "python") continue;
        const bool asked = std::ranges::all_of(world_.conda, [&](const CondaNeed& root) {
            return root.name != "python" || matching(root).test(i);
        });
        if (asked)
            pythons_.push_back({items_[i].version, is_free_threaded(world_.records[items_[i].index]), i});
    }
    if (world_.base_python != 0)
        pythons_.push_back({PlainVersion{world_.base_python, false, false, 0, 1}, false, std::nullopt});
}

bool Rules::usable(const PlainRelease& release, const Python& python) const {
    if (world_.is_too_new(release.day)) return false;
    if (release.python && !release.python->admits_pypi(python.version)) return false;
    return std::ranges::any_of(
        release.tags, [&](const PlainTag& tag) { return tag.fits(python.version, python.free_threaded); });
}

bool Rules::usable_somewhere(const PlainRelease& release) const {
    return std::ranges::any_of(pythons_, [&](const Python& python) { return usable(release, python); });
}

void Rules::add_releases() {
    for (std::size_t i = 0; i < world_.releases.size(); ++i) {
        const PlainRelease& release = world_.releases[i];
        if (release.broken || !usable_somewhere(release)) continue;
        int cuda = release.version.cuda / 10;
        if (cuda == 0 && release.name.ends_with("-cu12")) cuda = 12;
        add({Item::Kind::release,
             i,
             release.name,
             {},
             release.version,
             {{release.name, release.version}},
             cuda,
             release.day});
    }
}

// One for each extra that anything asks for, of each version that a release or a record gives the
// distribution.
void Rules::add_extras() {
    std::set<std::pair<std::string, std::string>> asked;
    const auto note = [&](const std::vector<PypiNeed>& needs) {
        for (const PypiNeed& need : needs) {
            for (const std::string& extra : need.extras) asked.emplace(need.name, extra);
        }
    };
    note(world_.pypi);
    for (const PlainRelease& release : world_.releases) {
        note(release.needs);
        note(release.more_of_others);
    }
    for (const auto& [name, extra] : asked) {
        std::vector<PlainVersion> versions;
        for (const Item& item : items_) {
            for (const auto& [dist, version] : item.carries) {
                if (dist == name && std::ranges::find(versions, version) == versions.end())
                    versions.push_back(version);
            }
        }
        for (const PlainVersion& version : versions) {
            // A record at a version whose release cannot be read: nobody knows what the extra asks for.
            const bool unknown = std::ranges::any_of(world_.releases, [&](const PlainRelease& release) {
                return release.name == name && release.version == version && release.broken &&
                       usable_somewhere(release);
            });
            if (!unknown) add({Item::Kind::extra, 0, name, extra, version, {}, 0, 0});
        }
    }
}

// --- how it goes together

void Rules::exclude(const Items& one, const Items& other) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (one.test(i)) against_[i] |= other;
        if (other.test(i)) against_[i] |= one;
    }
}

void Rules::find_conflicts() {
    const auto apart = [&](const Item& a, const Item& b) {
        using Kind = Item::Kind;
        if (a.kind == Kind::extra || b.kind == Kind::extra) return false;
        if (a.kind == b.kind && a.name == b.name) return true;
        const bool wheel = a.kind == Kind::release || b.kind == Kind::release;
        if (wheel && !world_.cuda_mixed && a.cuda != 0 && b.cuda != 0 && a.cuda != b.cuda) return true;
        if (a.kind != Kind::release || b.kind != Kind::record) return false;
        return std::ranges::any_of(b.carries, [&](const auto& carried) { return carried.first == a.name; });
    };
    for (std::size_t i = 0; i < items_.size(); ++i) {
        for (std::size_t j = 0; j < items_.size(); ++j) {
            if (i == j || !apart(items_[i], items_[j])) continue;
            against_[i].set(j);
            against_[j].set(i);
        }
        const Item& item = items_[i];
        Items self;
        self.set(i);
        if (item.kind == Item::Kind::release && item.cuda > world_.cuda) exclude(self, self);
        if (item.kind != Item::Kind::record) continue;
        for (const CondaNeed& need : world_.records[item.index].constrains)
            exclude(self, matching({need.name}) & ~matching(need));
    }
    for (const CondaNeed& bound : world_.conda_constraints) {
        const Items refused = matching({bound.name}) & ~matching(bound);
        exclude(refused, refused);
    }
    for (const PypiNeed& bound : world_.pypi_constraints) {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            Items self;
            self.set(i);
            for (const auto& [dist, version] : items_[i].carries) {
                if (dist == bound.name && !bound.admits(version)) exclude(self, self);
            }
        }
    }
}

Items Rules::matching(const CondaNeed& need) const {
    Items found;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.name != need.name || (item.kind != Item::Kind::record && item.kind != Item::Kind::fact))
            continue;
        if (!std::ranges::all_of(need.bounds, [&](const Bound& b) { return b.admits_conda(item.version); }))
            continue;
        if (item.kind == Item::Kind::record) {
            const PlainRecord& record = world_.records[item.index];
            if (!record.build.ends_with(need.build_end)) continue;
            if (!need.channel.empty() && need.channel != channel_name(record.channel)) continue;
        }
        found.set(i);
    }
    return found;
}

void Rules::describe_records() {
    record_needs_.resize(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (!record_items_.test(i)) continue;
        for (const CondaNeed& need : world_.records[items_[i].index].depends)
            record_needs_[i].push_back({matching(need), {}});
    }
    for (const CondaNeed& root : world_.conda) conda_roots_.push_back({matching(root), {}});
    const Items pythons = matching({"python"});
    if (!world_.pypi.empty() && pythons.any()) conda_roots_.push_back({pythons, {}});
}

// --- PyPI under one Python

// Whether a pre-release may meet a requirement by PEP 440, or by what the user chose.
bool Rules::prereleases_count(const PypiNeed& need) const {
    if (world_.options.prerelease == PrereleaseMode::disallow) return false;
    if (world_.options.prerelease == PrereleaseMode::allow || every_prerelease_) return true;
    if (prereleases_of_.contains(need.name)) return true;
    const auto named_by = [&](const PypiNeed& root) {
        return root.name == need.name && root.names_prerelease();
    };
    if (need.names_prerelease() || std::ranges::any_of(world_.pypi, named_by)) return true;
    // By what the index page says: what a wheel's own document adds comes too late.
    return std::ranges::none_of(world_.releases, [&](PlainRelease release) {
        if (!release.page_states_python) release.python.reset();
        return release.name == need.name && !release.version.prerelease && !release.yanked &&
               usable_somewhere(release);
    });
}

Demand Rules::demand(const PypiNeed& need, const std::string& extra) const {
    Demand demand;
    const bool prereleases = prereleases_count(need);
    std::vector<PlainVersion> versions;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        for (const auto& [dist, version] : item.carries) {
            if (dist != need.name || !need.admits(version)) continue;
            demand.providers.set(i);
            versions.push_back(version);
            if (item.kind != Item::Kind::release) continue;
            const bool yanked = world_.releases[item.index].yanked;
            if ((!yanked || need.pins()) && (!version.prerelease || prereleases)) demand.regular.set(i);
        }
    }
    if (extra.empty()) return demand;
    demand = {};
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.kind != Item::Kind::extra || item.name != need.name || item.extra != extra) continue;
        if (std::ranges::find(versions, item.version) != versions.end()) demand.providers.set(i);
    }
    return demand;
}

void Rules::demand_all(const PypiNeed& need, std::vector<Demand>& demands) const {
    demands.push_back(demand(need, {}));
    for (const std::string& extra : need.extras) demands.push_back(demand(need, extra));
}

void Rules::describe_python(std::size_t at) {
    const Python& python = pythons_[at];
    for (const PypiNeed& root : world_.pypi) {
        if (root.marker.holds(python.version, {})) demand_all(root, pypi_roots_[at]);
    }
    needs_[at].resize(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        std::vector<Demand>& needs = needs_[at][i];
        if (item.kind == Item::Kind::release) {
            const PlainRelease& release = world_.releases[item.index];
            if (!usable(release, python)) needs.push_back({});
            for (const PypiNeed& need : release.needs) {
                if (need.marker.holds(python.version, {})) demand_all(need, needs);
            }
            if (release.wheel_for(python.version, python.free_threaded).value_or(0) != 0) {
                for (const PypiNeed& need : release.more_of_others) demand_all(need, needs);
            }
        }
        if (item.kind != Item::Kind::extra) continue;
        Demand same;  // whoever gives the distribution at this version
        for (std::size_t other = 0; other < items_.size(); ++other) {
            if (std::ranges::find(items_[other].carries, std::pair(item.name, item.version)) !=
                items_[other].carries.end()) {
                same.providers.set(other);
            }
        }
        needs.push_back(same);
        for (const PlainRelease& release : world_.releases) {
            if (release.name != item.name || release.version != item.version || !usable_somewhere(release))
                continue;
            if (std::ranges::find(release.extras, item.extra) == release.extras.end()) continue;
            for (const PypiNeed& need : release.needs) {
                if (need.marker.holds(python.version, item.extra) && !need.marker.holds(python.version, {}))
                    demand_all(need, needs);
            }
        }
    }
}

std::optional<std::size_t> Rules::python_of(const Items& chosen) const {
    for (std::size_t python = 0; python < pythons_.size(); ++python) {
        if (!pythons_[python].item || chosen.test(*pythons_[python].item)) return python;
    }
    return std::nullopt;
}

}  // namespace aimlock::testing
