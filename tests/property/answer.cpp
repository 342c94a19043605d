// What is wrong with an answer of the solver.
#include <algorithm>

#include "tests/property/exhaustive.hpp"

namespace aimlock::testing {
namespace {

class Checker {
public:
    Checker(const Rules& rules, const Solution& solution) : rules_(rules), solution_(solution) {}

    std::vector<std::string> check() {
        chosen_ = items_of(rules_, solution_, faults_);
        if (!faults_.empty()) return faults_;
        python_ = rules_.world().pypi.empty() ? std::nullopt : rules_.python_of(chosen_);
        if (!rules_.world().pypi.empty() && !python_) return {"there is no Python"};
        for (std::size_t i = 0; i < rules_.items().size(); ++i) {
            if (chosen_.test(i) && (rules_.against(i) & chosen_).any())
                faults_.push_back(name(i) + " does not go with the rest");
        }
        for (const Demand& root : rules_.conda_roots()) need(root, "the request");
        // Wheels see only what conda has asked for.
        for (std::size_t i = 0; i < rules_.items().size(); ++i) {
            if (rules_.records().test(i) && chosen_.test(i) && !reached_.test(i))
                faults_.push_back("conda did not ask for " + name(i));
        }
        if (python_) {
            for (const Demand& root : rules_.pypi_roots(*python_)) need(root, "the request");
        }
        check_releases();
        return faults_;
    }

private:
    [[nodiscard]] std::string name(std::size_t item) const {
        const Item& it = rules_.items()[item];
        return it.name + (it.extra.empty() ? "" : "[" + it.extra + "]") + " " + it.version.text();
    }

    void need(const Demand& demand, const std::string& by) {
        active_.push_back(&demand);
        Items there = demand.providers & chosen_;
        if (there.none()) {
            // An extra is no package: it is there as soon as it is asked for.
            for (std::size_t i = 0; i < rules_.items().size() && there.none(); ++i) {
                if (demand.providers.test(i) && can_be_there(i)) there.set(i);
            }
            chosen_ |= there;
        }
        if (there.none()) return faults_.push_back(by + " lacks something");
        for (std::size_t i = 0; i < rules_.items().size(); ++i) {
            if (there.test(i)) reach(i);
        }
    }

    [[nodiscard]] bool can_be_there(std::size_t item) const {
        if (rules_.items()[item].kind != Item::Kind::extra) return false;
        const auto met = [&](const Demand& demand) {
            if ((demand.providers & chosen_).any()) return true;
            for (std::size_t i = 0; i < rules_.items().size(); ++i) {
                if (demand.providers.test(i) && rules_.items()[i].kind == Item::Kind::extra) return true;
            }
            return false;
        };
        return std::ranges::all_of(rules_.needs_of(item, *python_), met);
    }

    void reach(std::size_t item) {
        if (reached_.test(item)) return;
        reached_.set(item);
        for (const Demand& demand : rules_.needs_of_record(item)) need(demand, name(item));
        if (!python_) return;
        for (const Demand& demand : rules_.needs_of(item, *python_)) need(demand, name(item));
    }

    void check_releases() {
        for (std::size_t i = 0; i < rules_.items().size(); ++i) {
            if (!chosen_.test(i) || rules_.items()[i].kind != Item::Kind::release) continue;
            if (!reached_.test(i)) faults_.push_back("nothing asks for " + name(i));
            if (std::ranges::none_of(active_, [&](const Demand* demand) { return demand->regular.test(i); }))
                faults_.push_back("no requirement names " + name(i) + ", which is yanked or a pre-release");
        }
        for (const Package& package : solution_.packages) {
            if (package.kind != PackageKind::pypi) continue;
            std::vector<std::string> extras;
            for (std::size_t i = 0; i < rules_.items().size(); ++i) {
                const Item& item = rules_.items()[i];
                if (item.kind == Item::Kind::extra && reached_.test(i) && item.name == package.name)
                    extras.push_back(item.extra);
            }
            std::ranges::sort(extras);
            if (extras != package.extras) faults_.push_back(package.name + ": other extras are in use");
        }
    }

    const Rules& rules_;
    const Solution& solution_;
    Items chosen_;
    Items reached_;
    std::optional<std::size_t> python_;
    std::vector<const Demand*> active_;
    std::vector<std::string> faults_;
};

bool is_package(const Rules& rules, const Item& item, const Package& package) {
    if (item.name != package.name || item.version.text() != package.version) return false;
    if (item.kind == Item::Kind::release) return package.kind == PackageKind::pypi;
    if (item.kind != Item::Kind::record || package.kind != PackageKind::conda) return false;
    const PlainRecord& record = rules.world().records[item.index];
    return record.build == package.build && channel_name(record.channel) == package.origin &&
           record.subdir == package.subdir;
}

}  // namespace

Items items_of(const Rules& rules, const Solution& solution, std::vector<std::string>& faults) {
    Items chosen = rules.always();
    for (const Package& package : solution.packages) {
        bool known = false;
        for (std::size_t i = 0; i < rules.items().size(); ++i) {
            if (!is_package(rules, rules.items()[i], package)) continue;
            chosen.set(i);
            known = true;
        }
        if (!known) faults.push_back(package.name + " " + package.version + " cannot be chosen");
    }
    return chosen;
}

std::vector<std::string> faults_of(const Rules& rules, const Solution& solution) {
    return Checker(rules, solution).check();
}

}  // namespace aimlock::testing
