// Random small worlds of both ecosystems against exhaustive search: the solver finds a solution exactly where
// there is one, and what it finds breaks no requirement.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/toy_world.hpp"

namespace aimlock::testing {
namespace {

struct RandomWorld {
    ToyWorld world;
    TargetRequest request;
};

class Maker {
public:
    explicit Maker(unsigned seed) : random_(seed) {}

    RandomWorld make() {
        RandomWorld made;
        made.world.records = {{"python", "3.12.1", {}, {}, "h0_cpython", 0},
                              {"python", "3.13.1", {}, {}, "h0_cp313", 0}};
        for (const char* name : conda_names) {
            for (int v = 1; v <= pick(3); ++v) {
                ToyRecord record{name, std::to_string(v) + ".0", {}, {}};
                if (chance(4))
                    record.depends.push_back(std::string("python 3.1") + (chance(2) ? "2" : "3") + ".*");
                for (const char* other : conda_names) {
                    if (other != name && chance(5))
                        record.depends.push_back(std::string(other) + conda_bound());
                    if (other != name && chance(9))
                        record.constrains.push_back(std::string(other) + conda_bound());
                }
                made.world.records.push_back(std::move(record));
            }
        }
        for (const char* name : pypi_names) {
            for (int v = 1; v <= pick(4); ++v) {
                ToyRelease release{name, std::to_string(v) + ".0", {}, {"x"}};
                if (chance(4)) release.requires_python = chance(2) ? "<3.13" : ">=3.13";
                release.yanked = chance(10);
                for (const char* other : pypi_names) {
                    if (chance(5)) release.requires_dist.push_back(other + extra() + pypi_bound() + marker());
                }
                made.world.releases.push_back(std::move(release));
            }
        }
        std::vector<std::string> conda{"python"};
        for (const char* name : conda_names) {
            if (chance(3)) conda.push_back(std::string(name) + conda_bound());
        }
        std::vector<std::string> pypi;
        for (const char* name : pypi_names) {
            if (chance(2)) pypi.push_back(name + extra() + pypi_bound());
        }
        made.request = toy_request(conda, pypi);
        unyank_pinned(made.world);
        made.world.order_seed = static_cast<unsigned>(random_());
        return made;
    }

private:
    // `shared` exists in both worlds: the conda record carries the distribution.
    static constexpr std::array<const char*, 3> conda_names{"shared", "b", "c"};
    static constexpr std::array<const char*, 4> pypi_names{"shared", "p", "q", "r"};

    // Whether a pin inside the index unlocks a yanked release depends on how far one looked; here only the
    // request's pins do.
    static void unyank_pinned(ToyWorld& world) {
        for (ToyRelease& release : world.releases) {
            const std::string pin = "==" + release.version;
            for (const ToyRelease& other : world.releases) {
                for (const std::string& text : other.requires_dist) {
                    const Requirement requirement = *Requirement::parse(text);
                    if (requirement.name == release.name && requirement.specifiers.text() == pin)
                        release.yanked = false;
                }
            }
        }
    }

    int pick(int most) { return 1 + static_cast<int>(random_() % static_cast<unsigned>(most)); }
    bool chance(unsigned one_in) { return random_() % one_in == 0; }
    std::string version() { return std::to_string(pick(4)) + ".0"; }
    std::string conda_bound() { return chance(2) ? "" : (chance(2) ? " >=" : " <") + version(); }
    std::string pypi_bound() {
        static constexpr std::array<const char*, 4> ops{">=", "<", "==", "!="};
        return chance(2) ? "" : ops[random_() % ops.size()] + version();
    }
    std::string extra() { return chance(6) ? "[x]" : ""; }
    std::string marker() {
        if (chance(4)) return "; extra == 'x'";
        return chance(6) ? "; python_version < '3.13'" : "";
    }

    std::mt19937 random_;
};

// Tries every choice of at most one record a conda name and one release a PyPI name. What an item needs is
// worked out once, as sets of items, from the published texts; a choice is then judged by set operations
// alone.
class Exhaustive {
public:
    Exhaustive(const RandomWorld& made, const NameMap& names) : made_(made), names_(names) {
        for (const ToyRecord& record : made.world.records)
            add_item("conda " + record.name, {&record, nullptr, {}, {}, {}});
        for (const ToyRelease& release : made.world.releases) {
            if (!release.yanked || pinned(release))
                add_item("pypi " + release.name, {nullptr, &release, {}, {}, {}});
        }
        for (Item& item : items_) item.carries = carried(item);
        for (unsigned python : {12U, 13U}) describe(python);
    }

    bool feasible() { return try_from(0, 0, 0); }

private:
    // One of `providers` must be chosen; with `extra`, what its extra x asks for as well.
    struct Need {
        std::uint64_t providers = 0;
        bool extra = false;
    };
    struct Item {
        const ToyRecord* record;
        const ToyRelease* release;
        std::string carries;                          // the distribution that it is, or carries
        std::map<unsigned, std::vector<Need>> needs;  // by python minor
        std::map<unsigned, std::vector<Need>> extra_needs;
        std::uint64_t excludes = 0;
    };

    void add_item(const std::string& slot, Item item) {
        choices_[slot].push_back(items_.size());
        items_.push_back(std::move(item));
    }

    [[nodiscard]] bool pinned(const ToyRelease& release) const {
        const std::string pin = "==" + release.version;
        return std::ranges::any_of(made_.request.pypi, [&](const PypiRoot& root) {
            return root.requirement.name == release.name && root.requirement.specifiers.text() == pin;
        });
    }

    [[nodiscard]] std::string carried(const Item& item) const {
        if (item.release != nullptr) return item.release->name;
        if (item.record->name == "python") return {};
        const auto carried = names_.pypi_names(item.record->name);
        return carried.empty() ? std::string() : carried.front();
    }

    std::uint64_t matching(const MatchSpec& spec) const {
        std::uint64_t set = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].record == nullptr || items_[i].record->name != spec.name) continue;
            const auto version = CondaVersion::parse(items_[i].record->version);
            if (!spec.version || spec.version->contains(*version)) set |= std::uint64_t{1} << i;
        }
        return set;
    }

    std::uint64_t matching(const Requirement& requirement) const {
        std::uint64_t set = 0;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].carries != requirement.name) continue;
            const std::string& text =
                items_[i].record != nullptr ? items_[i].record->version : items_[i].release->version;
            if (requirement.specifiers.admits(*Pep440Version::parse(text))) set |= std::uint64_t{1} << i;
        }
        return set;
    }

    void describe(unsigned python) {
        const std::string full = "3." + std::to_string(python) + ".1";
        const MarkerEnvironment environment = made_.request.target.markers(full);
        for (std::size_t i = 0; i < items_.size(); ++i) {
            Item& item = items_[i];
            auto& needs = item.needs[python];
            if (item.record != nullptr) {
                for (const std::string& text : item.record->depends)
                    needs.push_back({matching(*MatchSpec::parse(text)), false});
                for (const std::string& text : item.record->constrains) {
                    const MatchSpec spec = *MatchSpec::parse(text);
                    MatchSpec any;
                    any.name = spec.name;
                    item.excludes |= matching(any) & ~matching(spec);
                }
                for (const ToyRelease& release : made_.world.releases) {
                    if (release.name == item.carries && release.version == item.record->version)
                        add_extra(item, release, environment, python);
                }
                continue;
            }
            const auto allowed = SpecifierSet::parse(item.release->requires_python);
            if (!allowed->contains(*Pep440Version::parse(full), true)) needs.push_back({0, false});
            for (const std::string& text : item.release->requires_dist) {
                const Requirement requirement = *Requirement::parse(text);
                if (!requirement.marker || requirement.marker->evaluate(environment)) {
                    needs.push_back({matching(requirement), !requirement.extras.empty()});
                }
            }
            add_extra(item, *item.release, environment, python);
        }
    }

    void add_extra(Item& item,
                   const ToyRelease& release,
                   const MarkerEnvironment& environment,
                   unsigned python) const {
        for (const std::string& text : release.requires_dist) {
            const Requirement requirement = *Requirement::parse(text);
            if (!requirement.marker || requirement.marker->evaluate(environment)) continue;
            if (requirement.marker->evaluate(environment, "x")) {
                item.extra_needs[python].push_back({matching(requirement), !requirement.extras.empty()});
            }
        }
    }

    [[nodiscard]] bool holds(std::uint64_t chosen, unsigned python) const {
        std::vector<Need> open;
        std::uint64_t extras = 0;
        std::set<std::string> carried;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if ((chosen >> i & 1U) == 0) continue;
            if ((items_[i].excludes & chosen) != 0) return false;
            if (!items_[i].carries.empty() && !carried.insert(items_[i].carries).second) return false;
            const auto& needs = items_[i].needs.at(python);
            open.insert(open.end(), needs.begin(), needs.end());
        }
        // A conda record that carries a distribution is there because conda asks for it.
        std::uint64_t asked = 0;
        for (const CondaRoot& root : made_.request.conda) {
            open.push_back({matching(root.spec), false});
            asked |= open.back().providers & chosen;
        }
        for (std::uint64_t before = 0; before != asked;) {
            before = asked;
            for (std::size_t i = 0; i < items_.size(); ++i) {
                if ((asked >> i & 1U) == 0 || items_[i].record == nullptr) continue;
                for (const Need& need : items_[i].needs.at(python)) asked |= need.providers & chosen;
            }
        }
        for (std::size_t i = 0; i < items_.size(); ++i) {
            const bool carrier = items_[i].record != nullptr && !items_[i].carries.empty();
            if (carrier && (chosen >> i & 1U) != 0 && (asked >> i & 1U) == 0) return false;
        }
        for (const PypiRoot& root : made_.request.pypi) {
            open.push_back({matching(root.requirement), !root.requirement.extras.empty()});
        }
        while (!open.empty()) {
            const Need need = open.back();
            open.pop_back();
            const std::uint64_t met = need.providers & chosen;
            if (met == 0) return false;
            if (!need.extra || (met & extras) != 0) continue;
            extras |= met;
            const auto at = static_cast<std::size_t>(std::countr_zero(met));
            const auto found = items_[at].extra_needs.find(python);
            if (found != items_[at].extra_needs.end())
                open.insert(open.end(), found->second.begin(), found->second.end());
        }
        return true;
    }

    bool try_from(std::size_t slot, std::uint64_t chosen, unsigned python) {
        if (slot == choices_.size()) return python != 0 && holds(chosen, python);
        const auto at = std::next(choices_.begin(), static_cast<std::ptrdiff_t>(slot));
        if (at->first != "conda python" && try_from(slot + 1, chosen, python)) return true;
        for (const std::size_t i : at->second) {
            const unsigned minor = at->first != "conda python"                     ? python
                                   : items_[i].record->version.starts_with("3.12") ? 12U
                                                                                   : 13U;
            if (try_from(slot + 1, chosen | std::uint64_t{1} << i, minor)) return true;
        }
        return false;
    }

    const RandomWorld& made_;
    const NameMap& names_;
    std::vector<Item> items_;
    std::map<std::string, std::vector<std::size_t>> choices_;  // by slot: a name in one world
};

std::string as_text(const RandomWorld& made) {
    std::string text;
    for (const CondaRoot& root : made.request.conda) text += "want conda " + root.written + "\n";
    for (const PypiRoot& root : made.request.pypi) text += "want pypi " + root.written + "\n";
    for (const ToyRecord& record : made.world.records) {
        text += "conda " + record.name + " " + record.version;
        for (const std::string& depends : record.depends) text += " | " + depends;
        for (const std::string& constrains : record.constrains) text += " | not " + constrains;
        text += "\n";
    }
    for (const ToyRelease& release : made.world.releases) {
        text += "pypi " + release.name + " " + release.version + (release.yanked ? " yanked" : "") + " " +
                release.requires_python;
        for (const std::string& requirement : release.requires_dist) text += " | " + requirement;
        text += "\n";
    }
    return text;
}

TEST(RandomWorlds, AgreeWithExhaustiveSearch) {
    const char* asked = std::getenv("AIMLOCK_WORLDS");
    const unsigned worlds = asked != nullptr ? static_cast<unsigned>(std::strtoul(asked, nullptr, 10)) : 400;
    const NameMap names = NameMap::built_in();
    unsigned feasible = 0;
    for (unsigned seed = 1; seed <= worlds; ++seed) {
        RandomWorld made = Maker(seed).make();
        SilentProgress progress;
        const std::vector<Channel> channels = made.world.channels();
        const auto outcome = solve_target(made.request, {}, channels, names, made.world, progress);
        ASSERT_TRUE(outcome.has_value()) << "seed " << seed << ": " << outcome.error().message;
        const auto* solution = std::get_if<Solution>(&*outcome);
        ASSERT_EQ(solution != nullptr, Exhaustive(made, names).feasible()) << "seed " << seed << "\n"
                                                                           << as_text(made);
        if (solution == nullptr) continue;
        ++feasible;
        const auto faults = violations(made.world, made.request, *solution, names);
        ASSERT_TRUE(faults.empty()) << "seed " << seed << ": " << faults.front();
    }
    std::cout << "random worlds: " << worlds << " tried, " << feasible << " of them solvable, 0 mismatches\n";
}

}  // namespace
}  // namespace aimlock::testing
