#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/engine/conda_world.hpp"
#include "solver/model/target.hpp"
#include "solver/spec/marker.hpp"
#include "solver/spec/wheel.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// At most this many Pythons are told apart in one solve; where a channel offers more, the newest stay
/// candidates.
inline constexpr std::size_t max_pythons = 256;
/// A set of positions in Pythons::candidates.
using PythonSet = std::bitset<max_pythons>;

/// A Python that the environment may get: a version and ABI of conda's, or the one that the base image
/// brings.
struct PythonCandidate {
    unsigned minor = 0;
    bool free_threaded = false;
    std::string full_version;
    Pep440Version version;
    MarkerEnvironment markers;
    std::size_t tag_set = 0;        ///< index into Pythons::tag_sets
    std::vector<RecordId> records;  ///< conda's builds of it; empty: the base image's
};

/// The Pythons of a target. Wheel tags are evaluated per (minor, ABI), markers and requires-python per full
/// version.
struct Pythons {
    std::vector<PythonCandidate> candidates;  ///< newest first
    std::vector<CompatibleTags> tag_sets;
    PythonSet all;
    bool from_conda = false;

    /// The Pythons among `records`, which are grouped by name, best first.
    static Pythons of_conda(const CondaWorld& world,
                            const std::vector<RecordId>& records,
                            const Target& target);
    /// The Python of a base image: "3.12" stands for its newest patch release known here, "3.12.7" is exact.
    static std::optional<Pythons> of_base_image(const std::string& version, const Target& target);
};

/// Minor and ABI of a conda python record, nullopt for a Python that wheels know nothing of (2.7, PyPy).
std::optional<std::pair<unsigned, bool>> python_abi_of(std::string_view version, std::string_view build);

}  // namespace aimlock::engine
