#include "tests/property/verdict.hpp"

#include <algorithm>
#include <set>
#include <variant>

#include "solver/engine/solve.hpp"
#include "tests/property/exhaustive.hpp"

namespace aimlock::testing {
namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
    return text;
}

std::string joined(const std::vector<int>& days) {
    std::string text;
    for (const int day : days)
        text += (text.empty() ? "" : " ") + (day == Rules::undated ? "-" : std::to_string(day));
    return text;
}

Result<Outcome> solve(const World& world, unsigned order_seed) {
    ToyWorld toy = world.toy(order_seed);
    SilentProgress progress;
    const std::vector<Channel> channels = toy.channels();
    toy.on_pages = wheel_filter({world.request()}, channels);
    return solve_target(world.request(), world.solve_options(), channels, world.names(), toy, progress);
}

bool tries_twice(const World& world) {
    return world.options.prerelease == PrereleaseMode::if_necessary && !world.pypi.empty();
}

/// Feasible in the first try, or in the one that takes pre-releases.
bool feasible(const World& world, bool& too_large) {
    for (const bool every_prerelease : {false, true}) {
        if (every_prerelease && !tries_twice(world)) break;
        const Rules rules(world, every_prerelease);
        Exhaustive search(rules);
        if (search.feasible()) return true;
        too_large = too_large || search.too_large();
    }
    return false;
}

class Judge {
public:
    explicit Judge(const World& world) : world_(world), rules_(world, false) {}

    Verdict run() {
        const Result<Outcome> outcome = solve(world_, 1);
        if (!outcome) {
            // Wheels without anything that brings a Python cannot be asked for.
            const bool no_python = !world_.pypi.empty() && world_.base_python == 0 &&
                                   std::ranges::none_of(world_.records, [&](const PlainRecord& record) {
                                       return record.name == "python" && !world_.is_too_new(record.day);
                                   });
            return no_python ? verdict_ : mismatch("error", outcome.error().message);
        }
        for (const unsigned order : {2U, 77U}) {
            if (!same(outcome, solve(world_, order))) return mismatch("order", "another answer");
        }
        if (const auto* solution = std::get_if<Solution>(&*outcome)) {
            verdict_.solvable = true;
            check(*solution);
        } else {
            check(std::get<Conflict>(*outcome));
        }
        return verdict_;
    }

private:
    Verdict mismatch(const std::string& kind, const std::string& details) {
        if (verdict_.mismatch.empty()) verdict_.mismatch = kind + ": " + details;
        return verdict_;
    }

    static bool same(const Result<Outcome>& one, const Result<Outcome>& other) {
        if (!one || !other || one->index() != other->index()) return false;
        if (const auto* solution = std::get_if<Solution>(&*one)) {
            const auto& second = std::get<Solution>(*other);
            return solution->packages == second.packages && solution->notes == second.notes &&
                   solution->python_version == second.python_version;
        }
        const auto& first = std::get<Conflict>(*one);
        const auto& second = std::get<Conflict>(*other);
        return first.requirements == second.requirements && first.chain == second.chain &&
               std::ranges::equal(first.repairs, second.repairs, {}, &Repair::change, &Repair::change);
    }

    void check(const Solution& solution) {
        const Rules first(world_, false);
        const Rules second(world_, true);
        Exhaustive search(first);
        const bool in_first = search.feasible();
        verdict_.too_large = search.too_large();
        if (verdict_.too_large) return;
        if (!in_first && !(tries_twice(world_) && Exhaustive(second).feasible())) {
            if (is_valid_for_its_python(solution)) return;
            mismatch("false solution", joined(lines(solution)));
            return;
        }
        // What one package names and the answer has may serve all others.
        std::set<std::string> used;
        for (const Package& package : solution.packages) {
            if (package.kind == PackageKind::pypi && package.prerelease) used.insert(package.name);
        }
        const Rules with_used(world_, false, std::move(used));
        const Rules& rules = in_first ? with_used : second;
        const auto faults = faults_of(rules, solution);
        if (!faults.empty()) {
            if (is_valid_for_its_python(solution)) return;
            if (documents_differ() && faults_of(second, solution).empty()) return;
            mismatch("invalid answer", joined(faults) + " in " + joined(lines(solution)));
            return;
        }
        if (!solution.stats.objective_complete) {
            verdict_.too_large = true;
            return;
        }
        compare_optimum(rules, solution);
    }

    // Whether a project has a final release, and a version that conda carries a document, depends on the
    // Pythons that are looked at, and one that no answer can have may be left out.
    [[nodiscard]] bool is_valid_for_its_python(const Solution& solution) const {
        World one_python = world_;
        std::erase_if(one_python.records, [&](const PlainRecord& record) {
            return record.name == "python" &&
                   std::ranges::none_of(solution.packages, [&](const Package& package) {
                       return package.name == "python" && package.version == record.version.text() &&
                              package.build == record.build;
                   });
        });
        return faults_of(Rules(one_python, false), solution).empty();
    }

    void compare_optimum(const Rules& rules, const Solution& solution) {
        if (!rules.best_is_clear() || documents_differ()) return;
        verdict_.optimum_compared = true;
        std::vector<std::string> faults;
        const Items answer = items_of(rules, solution, faults);
        const Worth own = rules.worth(answer);
        const auto search = [&](const char* kind, auto better) {
            Exhaustive all(rules, rules.hoped_for(answer));
            const auto found = all.find([&](const Worth& other) { return better(other, own); });
            verdict_.too_large = verdict_.too_large || all.too_large();
            if (!found || all.too_large() || !verdict_.mismatch.empty()) return;
            const Worth other = rules.worth(*found);
            mismatch(kind, "dates " + joined(own.days) + ", versions " + joined(own.versions) + ", others " +
                               joined(own.others) + "; possible " + joined(other.days) + ", " +
                               joined(other.versions) + ", " + joined(other.others) + "; in " +
                               joined(lines(solution)));
        };
        search("raised too little", better_by_raising);
        search("more could stay", better_by_keeping);
        if (world_.options.resolution == ResolutionMode::highest)
            search("older than it must be", better_by_dates);
        search("not the best versions", better_by_versions);
        // What an older release inherits depends on what was read: no search knows it. It comes after these.
        if (!world_.options.inherit_bounds) search("others could be better", better_by_others);
    }

    static std::vector<std::string> lines(const Solution& solution) { return package_lines(solution); }

    void check(const Conflict& conflict) {
        if (feasible(world_, verdict_.too_large)) {
            if (documents_differ()) return;  // one wheel's document stands for its release until it is chosen
            mismatch("false refusal", joined(conflict.requirements));
            return;
        }
        if (verdict_.too_large) return;
        if (!documents_differ()) check_core(conflict);
        for (const Repair& repair : conflict.repairs) check_repair(repair);
    }

    [[nodiscard]] bool documents_differ() const {
        return std::ranges::any_of(
            world_.releases, [](const PlainRelease& release) { return !release.more_of_others.empty(); });
    }

    // The world with those requirements only that are in `texts`.
    [[nodiscard]] World restricted(const std::vector<std::string>& texts) const {
        World smaller = world_;
        // A channel that is named for a package stays so while requirements are left out.
        for (const CondaNeed& need : world_.conda) {
            if (!need.channel.empty()) smaller.pins.emplace(need.name, need.channel);
        }
        std::erase_if(smaller.conda, [&](const CondaNeed& need) {
            return std::ranges::find(texts, "conda: " + need.text()) == texts.end();
        });
        std::erase_if(smaller.pypi, [&](const PypiNeed& need) {
            return std::ranges::find(texts, "pypi: " + need.text()) == texts.end();
        });
        return smaller;
    }

    // Whether nothing at all has the name that a requirement asks for: all such are told at once.
    [[nodiscard]] bool is_unheard_of(const std::string& requirement) const {
        const auto named = [&](const std::string& world, const std::string& text, const std::string& name) {
            return requirement == world + text &&
                   (world == "pypi: "
                        ? std::ranges::none_of(world_.releases, [&](const auto& r) { return r.name == name; })
                        : !rules_.has_record(name));
        };
        return std::ranges::any_of(world_.conda,
                                   [&](const auto& n) { return named("conda: ", n.text(), n.name); }) ||
               std::ranges::any_of(world_.pypi,
                                   [&](const auto& n) { return named("pypi: ", n.text(), n.name); });
    }

    void check_core(const Conflict& conflict) {
        if (conflict.requirements.empty()) {
            mismatch("empty core", "no requirement is named");
            return;
        }
        bool too_large = false;
        if (feasible(restricted(conflict.requirements), too_large)) {
            mismatch("core is solvable", joined(conflict.requirements));
            return;
        }
        if (std::ranges::all_of(conflict.requirements, [&](const auto& r) { return is_unheard_of(r); }))
            return;
        for (std::size_t i = 0; i < conflict.requirements.size(); ++i) {
            std::vector<std::string> fewer = conflict.requirements;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
            if (fewer.empty() && world_.conda_constraints.empty()) continue;
            if (!feasible(restricted(fewer), too_large) && !too_large) {
                mismatch("core is not minimal",
                         conflict.requirements[i] + " is not needed in " + joined(conflict.requirements));
            }
        }
        verdict_.core_compared = true;
    }

    // Applies the edit that was printed, as it was printed.
    void check_repair(const Repair& repair) {
        World edited = world_;
        const std::string text = repair.change;
        const std::size_t arrow = text.find(" -> ");
        bool applied = false;
        if (text.starts_with("target: cuda ")) {
            edited.cuda = std::stoi(text.substr(arrow + 4));
            applied = true;
        }
        if (text == "option: channel-priority strict -> flexible") {
            edited.options.channel_priority = ChannelPriority::flexible;
            applied = true;
        }
        if (text == "option: prerelease disallow -> if-necessary") {
            edited.options.prerelease = PrereleaseMode::if_necessary;
            applied = true;
        }
        const bool removes = text.find(": remove ") != std::string::npos;
        const std::string world = text.substr(0, text.find(": ") + 2);
        std::string old =
            text.substr(world.size(), arrow == std::string::npos ? arrow : arrow - world.size());
        if (removes) old = old.substr(std::string("remove ").size());
        const std::string now = arrow == std::string::npos ? std::string() : text.substr(arrow + 4);
        const auto apply = [&](auto& needs) {
            for (std::size_t i = needs.size(); i-- > 0;) {
                if (needs[i].text() != old) continue;
                applied = true;
                if (removes) {
                    needs.erase(needs.begin() + static_cast<std::ptrdiff_t>(i));
                } else {
                    applied = applied && rewrite(needs[i], now);
                }
            }
        };
        if (now.starts_with("pypi: ") || now.starts_with("conda: ")) {
            applied = move_over(edited, old, now);
        } else {
            if (world == "conda: ") apply(edited.conda);
            if (world == "pypi: ") apply(edited.pypi);
        }
        if (!applied) {
            mismatch("unreadable repair", text);
            return;
        }
        ++verdict_.repairs;
        bool too_large = false;
        if (!feasible(edited, too_large) && !too_large) mismatch("repair does not solve", text);
    }

    // The same bound on a name of the other world.
    static bool move_over(World& edited, const std::string& old, const std::string& now) {
        const bool to_pypi = now.starts_with("pypi: ");
        const std::string name =
            now.substr(now.find(' ') + 1).substr(0, now.substr(now.find(' ') + 1).find(' '));
        std::vector<Bound> bounds;
        bool found = false;
        const auto take = [&](auto& needs) {
            for (std::size_t i = needs.size(); i-- > 0;) {
                if (needs[i].text() != old) continue;
                bounds = needs[i].bounds;
                needs.erase(needs.begin() + static_cast<std::ptrdiff_t>(i));
                found = true;
            }
        };
        if (to_pypi) {
            take(edited.conda);
            edited.pypi.push_back({name, {}, bounds});
        } else {
            take(edited.pypi);
            edited.conda.push_back({name, bounds});
        }
        return found;
    }

    // "q[x] >=2.0" over the requirement that it replaces. What the new text leaves out is gone.
    static bool rewrite(CondaNeed& need, const std::string& now) {
        // Another name, and all else as it was.
        const std::string tail =
            need.text().substr((need.channel.empty() ? 0 : need.channel.size() + 2) + need.name.size());
        const std::string head = need.channel.empty() ? std::string() : need.channel + "::";
        if (now.starts_with(head) && now.ends_with(tail) &&
            !now.substr(head.size()).starts_with(need.name + " ") &&
            now.find_first_of(" <>=", head.size()) >= now.size() - tail.size()) {
            need.name = now.substr(head.size(), now.size() - tail.size() - head.size());
            return true;
        }
        need.build_end.clear();
        need.channel.clear();
        std::string rest = now;
        if (const std::size_t colons = rest.find("::"); colons != std::string::npos) {
            need.channel = rest.substr(0, colons);
            rest = rest.substr(colons + 2);
        }
        return rest.starts_with(need.name) && read_bound(rest.substr(need.name.size()), need.bounds);
    }
    static bool rewrite(PypiNeed& need, const std::string& now) {
        std::string rest = now.substr(0, now.find(" ;"));
        if (rest.size() == now.size()) rest = now.substr(0, now.find(';'));
        if (rest.size() == now.size()) need.marker = {};
        std::string extras;
        for (const std::string& extra : need.extras) extras += (extras.empty() ? "[" : ",") + extra;
        if (!extras.empty()) extras += "]";
        if (!rest.starts_with(need.name)) return false;
        rest = rest.substr(need.name.size());
        if (!extras.empty() && rest.starts_with(extras)) {
            rest = rest.substr(extras.size());
        } else {
            need.extras.clear();
        }
        return read_bound(rest, need.bounds);
    }

    static bool read_bound(std::string text, std::vector<Bound>& bounds) {
        bounds.clear();
        std::erase(text, ' ');
        if (text.empty()) return true;
        Bound bound;
        if (text.starts_with("3.") && text.ends_with(".*")) {
            bounds.push_back(
                {Bound::Op::series, PlainVersion{std::stoi(text.substr(2)), false, false, 0, 0}});
            return true;
        }
        const std::string sign = text.substr(0, text.find_first_of("0123456789"));
        bound.op = sign == ">=" ? Bound::Op::at_least : sign == "<=" ? Bound::Op::at_most : Bound::Op::equal;
        std::string version = text.substr(sign.size());
        if (sign != ">=" && sign != "<=" && sign != "==") return false;
        if (version.starts_with("3.1") && version.size() >= 5) {  // a Python
            bound.version.patch = version.size() > 4 ? std::stoi(version.substr(5)) : 0;
            bound.version.major = std::stoi(version.substr(2));
        } else {
            bound.version.major = std::stoi(version);
            bound.version.prerelease = version.find("rc") != std::string::npos;
            bound.version.odd = version.ends_with("h");
            if (const std::size_t local = version.find("+cu"); local != std::string::npos)
                bound.version.cuda = std::stoi(version.substr(local + 3));
        }
        bounds.push_back(bound);
        return true;
    }

    const World& world_;
    Rules rules_;
    Verdict verdict_;
};

}  // namespace

Verdict judge(const World& world) {
    return Judge(world).run();
}

}  // namespace aimlock::testing
