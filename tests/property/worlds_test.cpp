// Random small worlds of both ecosystems against exhaustive search: the solver finds a solution exactly where
// there is one, and what it finds breaks no requirement.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>

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
        made.world.order_seed = random_();
        return made;
    }

private:
    // `shared` exists in both worlds: the conda record carries the distribution.
    static constexpr std::array<const char*, 3> conda_names{"shared", "b", "c"};
    static constexpr std::array<const char*, 4> pypi_names{"shared", "p", "q", "r"};

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

// Tries every choice of at most one record a conda name and one release a PyPI name.
class Exhaustive {
public:
    Exhaustive(const RandomWorld& made, const NameMap& names) : made_(made), names_(names) {
        std::map<std::string, std::vector<Package>> choices;
        for (const ToyRecord& record : made.world.records) {
            Package package;
            package.name = record.name;
            package.version = record.version;
            package.build = record.build;
            package.depends = record.depends;
            package.constrains = record.constrains;
            choices["conda " + record.name].push_back(package);
        }
        for (const ToyRelease& release : made.world.releases) {
            if (release.yanked && !pinned_somewhere(release)) continue;
            Package package;
            package.kind = PackageKind::pypi;
            package.name = release.name;
            package.version = release.version;
            choices["pypi " + release.name].push_back(package);
        }
        for (auto& [name, list] : choices) choices_.push_back(std::move(list));
    }

    bool feasible() { return try_from(0); }

private:
    [[nodiscard]] bool pinned_somewhere(const ToyRelease& release) const {
        const std::string pin = "==" + release.version;
        const auto names_it = [&](const Requirement& r) {
            return r.name == release.name && r.specifiers.text() == pin;
        };
        for (const PypiRoot& root : made_.request.pypi) {
            if (names_it(root.requirement)) return true;
        }
        for (const ToyRelease& other : made_.world.releases) {
            for (const std::string& text : other.requires_dist) {
                if (names_it(*Requirement::parse(text))) return true;
            }
        }
        return false;
    }

    bool try_from(std::size_t at) {
        if (at == choices_.size()) {
            Solution solution;
            solution.target = made_.request.target;
            for (const Package& package : chosen_) {
                if (package.name == "python") solution.python_version = package.version;
                solution.packages.push_back(package);
            }
            for (const std::string& fault : violations(made_.world, made_.request, solution, names_)) {
                // A package too many is no fault of feasibility.
                if (!fault.ends_with("asked for by nothing")) return false;
            }
            return true;
        }
        if (try_from(at + 1)) return true;
        for (const Package& package : choices_[at]) {
            chosen_.push_back(package);
            const bool found = try_from(at + 1);
            chosen_.pop_back();
            if (found) return true;
        }
        return false;
    }

    const RandomWorld& made_;
    const NameMap& names_;
    std::vector<std::vector<Package>> choices_;
    std::vector<Package> chosen_;
};

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
        ASSERT_EQ(solution != nullptr, Exhaustive(made, names).feasible()) << "seed " << seed;
        if (solution == nullptr) continue;
        ++feasible;
        const auto faults = violations(made.world, made.request, *solution, names);
        ASSERT_TRUE(faults.empty()) << "seed " << seed << ": " << faults.front();
    }
    std::cout << "random worlds: " << worlds << " tried, " << feasible << " of them solvable, 0 mismatches\n";
}

}  // namespace
}  // namespace aimlock::testing
