#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "solver/model/solution.hpp"
#include "tests/property/world.hpp"

namespace aimlock::testing {

/// What can be part of an environment: a record, a virtual package, a release, an extra of a distribution at
/// a version.
struct Item {
    enum class Kind { record, fact, release, extra } kind = Kind::record;
    std::size_t index = 0;  ///< into World::records or World::releases
    std::string name;
    std::string extra = {};
    PlainVersion version = {};
    std::vector<std::pair<std::string, PlainVersion>> carries = {};  ///< distributions
    int cuda = 0;                                                    ///< CUDA major that it fixes
    int day = 0;                                                     ///< of its version; undated: 0
};

/// At most this many items; a world never has more.
using Items = std::bitset<320>;

/// Something that must be there: one of `providers`.
struct Demand {
    Items providers;
    Items regular;  ///< providers that need nobody else to name them (not yanked, no pre-release)
};

/// What the objective looks at. Higher is better; 0: the name is not there.
struct Worth {
    std::vector<int> raised;    ///< of what `update` names, by version, in its order
    std::vector<int> kept;      ///< of what is preferred: 3 as it is, 2 another build, 1 moved
    std::vector<int> kept_of;   ///< by place in `days`: index into `kept`; -1: none
    std::vector<int> days;      ///< of the direct requirements, but not of `python`
    std::vector<int> versions;  ///< of the direct requirements in the manifest's order, `python` first
    std::vector<int> others;    ///< of every conda name and project, with builds told apart
};

/// True when an answer of worth `other` is better than one of worth `own` by what `update` names, by what is
/// kept, by the dates, by the versions, or by everything else: what solver/engine/README.md says of the
/// level.
bool better_by_raising(const Worth& other, const Worth& own);
bool better_by_keeping(const Worth& other, const Worth& own);
bool better_by_dates(const Worth& other, const Worth& own);
bool better_by_versions(const Worth& other, const Worth& own);
bool better_by_others(const Worth& other, const Worth& own);

/// The items of a world and how they go together, worked out from the world alone: no parser, comparison or
/// rule of the solver takes part.
class Rules {
public:
    static constexpr int undated = std::numeric_limits<int>::max();

    /// `every_prerelease`: the second try of if-necessary.
    /// `prereleases_of`: projects whose pre-releases count for every requirement.
    Rules(const World& world, bool every_prerelease, std::set<std::string> prereleases_of = {});

    /// A Python that the environment may get; `item` is none for the base image's.
    struct Python {
        PlainVersion version;
        bool free_threaded = false;
        std::optional<std::size_t> item;
    };

    [[nodiscard]] const World& world() const { return world_; }
    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] const Items& always() const { return always_; }
    [[nodiscard]] const Items& against(std::size_t item) const { return against_[item]; }
    [[nodiscard]] const Items& records() const { return record_items_; }
    [[nodiscard]] const std::vector<Demand>& conda_roots() const { return conda_roots_; }
    [[nodiscard]] const std::vector<Demand>& needs_of_record(std::size_t item) const {
        return record_needs_[item];
    }
    [[nodiscard]] bool has_record(const std::string& name) const { return matching({name}).any(); }
    /// The Python of a choice of records; nullopt: none is there.
    [[nodiscard]] std::optional<std::size_t> python_of(const Items& chosen) const;
    [[nodiscard]] const std::vector<Python>& pythons() const { return pythons_; }
    [[nodiscard]] const std::vector<Demand>& pypi_roots(std::size_t python) const {
        return pypi_roots_[python];
    }
    [[nodiscard]] const std::vector<Demand>& needs_of(std::size_t item, std::size_t python) const {
        return needs_[python][item];
    }
    /// How good a choice is by each of its names.
    [[nodiscard]] Worth worth(const Items& chosen) const { return worth(chosen, Items().set()); }
    /// At least what any choice is worth that holds `chosen` and none of `forbidden`, name by name.
    [[nodiscard]] Worth most_worth(const Items& chosen, const Items& forbidden) const {
        return worth(chosen, forbidden);
    }
    /// What only a document may name that no answer has read: yanked releases and pre-releases that no
    /// requirement of the request names. The search for a better answer does not hope for it
    /// (solver/engine/README.md).
    [[nodiscard]] Items hoped_for(const Items& answer) const;
    /// True when the documents say which of two answers is the better one: every direct requirement holds
    /// under every Python and has one provider in an answer.
    [[nodiscard]] bool best_is_clear() const;

private:
    /// A name, with the worth of each of its providers.
    struct Direct {
        Items candidates;  ///< what a direct requirement admits
        std::map<std::size_t, int> days;
        std::map<std::size_t, int> versions;
        bool dated = true;
    };

    std::size_t add(Item item);
    void add_records();
    void add_releases();
    void add_extras();
    void find_conflicts();
    void find_pythons();
    void describe_records();
    void describe_python(std::size_t python);
    void find_directs();
    [[nodiscard]] bool exists(const PlainRecord& record) const;
    [[nodiscard]] bool visible(const PlainRecord& record) const;
    [[nodiscard]] bool usable(const PlainRelease& release, const Python& python) const;
    [[nodiscard]] bool usable_somewhere(const PlainRelease& release) const;
    [[nodiscard]] bool carries_truly(const std::string& conda_name, const std::string& dist) const;
    [[nodiscard]] std::vector<std::pair<std::string, PlainVersion>> carried_by(
        const PlainRecord& record) const;
    [[nodiscard]] int day_of(const PlainRecord& record) const;
    [[nodiscard]] Items matching(const CondaNeed& need) const;
    [[nodiscard]] bool prereleases_count(const PypiNeed& need) const;
    [[nodiscard]] Demand demand(const PypiNeed& need, const std::string& extra) const;
    void demand_all(const PypiNeed& need, std::vector<Demand>& demands) const;
    void exclude(const Items& one, const Items& other);
    [[nodiscard]] std::map<std::size_t, int> days(const std::map<std::size_t, int>& places) const;
    void find_others();
    void find_preferred();
    void find_raised();
    [[nodiscard]] int preference_of(bool conda, const std::string& name) const;
    [[nodiscard]] Direct record_worth(const std::string& name, bool lowest, bool builds) const;
    [[nodiscard]] Direct project_worth(const std::string& name, bool lowest) const;
    [[nodiscard]] Worth worth(const Items& chosen, const Items& forbidden) const;

    const World& world_;
    bool every_prerelease_;
    std::set<std::string> prereleases_of_;
    std::vector<Item> items_;
    Items always_;
    Items record_items_;
    std::vector<Items> against_;
    std::vector<Demand> conda_roots_;
    std::vector<std::vector<Demand>> record_needs_;
    std::vector<Python> pythons_;
    std::vector<std::vector<Demand>> pypi_roots_;
    std::vector<std::vector<std::vector<Demand>>> needs_;  // by Python and item
    std::vector<Direct> directs_;
    std::vector<Direct> others_;
    std::vector<Direct> preferred_;
    std::vector<Direct> raised_;
    std::vector<int> kept_of_;  // by direct requirement that is dated
};

/// Searches all choices of a world.
class Exhaustive {
public:
    explicit Exhaustive(const Rules& rules, const Items& hidden = {}) : rules_(rules), hidden_(hidden) {}

    /// True when some choice meets everything.
    bool feasible();
    /// A choice whose worth is wanted. `wanted` must hold for what is worth more, name by name.
    std::optional<Items> find(const std::function<bool(const Worth&)>& wanted);
    [[nodiscard]] bool too_large() const { return nodes_ > most_nodes; }

private:
    static constexpr std::uint64_t most_nodes = 400'000;

    struct State {
        Items chosen;
        Items forbidden;
        std::vector<const Demand*> open;
    };
    void start();
    bool conda(State state);
    bool pypi(State state, std::size_t python, const std::vector<const Demand*>& active);
    bool found(const State& state, const std::vector<const Demand*>& active);
    [[nodiscard]] bool hopeless(const State& state) const;
    [[nodiscard]] bool choose(State& state, std::size_t item) const;

    const Rules& rules_;
    Items hidden_;  ///< takes no part
    std::function<bool(const Worth&)> wanted_;
    std::optional<Items> found_;
    std::uint64_t nodes_ = 0;
};

/// What is wrong with an answer; empty: nothing.
std::vector<std::string> faults_of(const Rules& rules, const Solution& solution);
/// The items of an answer (records, releases and facts, and the extras that are reached).
Items items_of(const Rules& rules, const Solution& solution, std::vector<std::string>& faults);

}  // namespace aimlock::testing
