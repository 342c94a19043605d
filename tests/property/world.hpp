#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "solver/model/request.hpp"
#include "tests/support/toy_world.hpp"

namespace aimlock::testing {

/// A version of a random world: `major.0`, or of Python 3.`major`.`patch`.
struct PlainVersion {
    int major = 1;
    bool prerelease = false;  ///< major.0rc1
    bool odd = false;         ///< conda only: major.0h, which is no version to PyPI
    int cuda = 0;             ///< PyPI only: local version +cu118, +cu126, +cu130; 0: none
    int patch = -1;           ///< 0 or more: a Python

    friend bool operator==(const PlainVersion&, const PlainVersion&) = default;
    [[nodiscard]] std::string text() const;
    /// As PyPI orders versions.
    friend std::strong_ordering pypi_order(const PlainVersion& a, const PlainVersion& b);
    /// As conda orders versions.
    friend std::strong_ordering conda_order(const PlainVersion& a, const PlainVersion& b);
};

/// One bound, of either world. `series` is ==N.* of PyPI and N.* of conda.
struct Bound {
    enum class Op { at_least, below, equal, not_equal, above, at_most, series } op = Op::at_least;
    PlainVersion version;

    [[nodiscard]] bool admits_pypi(const PlainVersion& candidate) const;
    [[nodiscard]] bool admits_conda(const PlainVersion& candidate) const;
    /// True when the bound names a pre-release.
    [[nodiscard]] bool names_prerelease() const;
};

/// An atom of a marker.
struct Condition {
    enum class Kind { python_below, python_from, full_below, linux, windows, extra } kind = Kind::linux;
    int minor = 12;
    std::string extra = {};
};

/// Conditions joined by `and`, or by `or`; empty: none.
struct PlainMarker {
    std::vector<Condition> conditions = {};
    bool either = false;

    [[nodiscard]] bool holds(const PlainVersion& python, const std::string& extra) const;
    [[nodiscard]] std::string text() const;
};

/// A PyPI requirement.
struct PypiNeed {
    std::string name;
    std::vector<std::string> extras = {};
    std::vector<Bound> bounds = {};
    PlainMarker marker = {};

    [[nodiscard]] bool admits(const PlainVersion& version) const;
    [[nodiscard]] bool names_prerelease() const;
    [[nodiscard]] bool pins() const;
    [[nodiscard]] std::string text() const;
};

/// A conda requirement.
struct CondaNeed {
    std::string name;
    std::vector<Bound> bounds = {};
    std::string build_end = {};  ///< "_cp313t" for the glob `*_cp313t`; empty: any build
    std::string channel = {};

    [[nodiscard]] std::string text() const;
};

struct PlainRecord {
    std::string name;
    PlainVersion version;
    std::vector<CondaNeed> depends = {};
    std::vector<CondaNeed> constrains = {};
    std::string build = "0";
    int build_number = 0;
    int channel = 0;
    bool tracks = false;
    int day = 1;                      ///< of its timestamp
    std::string subdir = "linux-64";  ///< or "noarch", or "win-64" for what is not there
    std::optional<std::vector<std::pair<std::string, PlainVersion>>> purls = {};
};

/// A wheel's tag.
struct PlainTag {
    enum class Kind { any, minor, free_threaded, abi3, windows, newer_glibc } kind = Kind::any;
    int minor = 12;

    [[nodiscard]] bool fits(const PlainVersion& python, bool free_threaded) const;
    [[nodiscard]] std::string text() const;
};

struct PlainRelease {
    std::string name;
    PlainVersion version;
    std::vector<PypiNeed> needs = {};
    std::vector<std::string> extras = {};  ///< declared
    std::optional<Bound> python = {};      ///< requires-python
    bool page_states_python = true;
    bool yanked = false;
    bool broken = false;  ///< one of its requirements cannot be read
    std::vector<PlainTag> tags = {PlainTag{}};
    int day = 1;                                ///< of its upload; 0: not stated
    std::vector<PypiNeed> more_of_others = {};  ///< what all wheels but the first require besides

    /// The wheel that is installed: index into `tags`; nullopt: none fits.
    [[nodiscard]] std::optional<std::size_t> wheel_for(const PlainVersion& minor, bool free_threaded) const;
};

/// A version that should stay.
struct PlainPreference {
    bool conda = true;
    std::string name;
    PlainVersion version;
    std::string build = {};  ///< empty: no matter which
};

/// A world, what is asked of it, and how.
struct World {
    std::vector<PlainRecord> records = {};
    std::vector<PlainRelease> releases = {};
    std::map<std::string, std::vector<std::string>> name_map = {};  ///< conda name -> distributions
    std::vector<CondaNeed> conda = {};
    std::vector<PypiNeed> pypi = {};
    std::vector<CondaNeed> conda_constraints = {};
    std::vector<PypiNeed> pypi_constraints = {};
    std::map<std::string, std::string> pins =
        {};  ///< conda name -> channel, of requirements that were left out
    std::vector<PlainPreference> preferred = {};
    std::vector<std::string> raised =
        {};  ///< direct requirements, each of one world alone, as new as possible
    int channels = 1;
    int cuda = 0;  ///< the driver's major; 0: no driver
    bool cuda_mixed = false;
    int base_python = 0;  ///< minor of the base image's Python; 0: none
    int cutoff = 0;       ///< what is of this day or later does not exist; 0: all does
    SolveOptions options = {};

    [[nodiscard]] ToyWorld toy(unsigned order_seed) const;
    [[nodiscard]] TargetRequest request() const;
    [[nodiscard]] NameMap names() const;
    /// What states no day is taken for too new.
    [[nodiscard]] bool is_too_new(int day) const { return cutoff != 0 && (day == 0 || day >= cutoff); }
    [[nodiscard]] SolveOptions solve_options() const;
    /// The world as the body of a unit test.
    [[nodiscard]] std::string as_code() const;
};

/// "first", "second", "third".
std::string channel_name(int channel);

/// True for a conda python whose build says that it has no GIL.
bool is_free_threaded(const PlainRecord& python);

/// A random world.
World random_world(unsigned seed);

}  // namespace aimlock::testing
