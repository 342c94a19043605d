#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "solver/engine/conda_identity.hpp"
#include "solver/model/repodata.hpp"
#include "solver/spec/spec_condition.hpp"

namespace aimlock::engine {

/// Index into CondaWorld::records.
using RecordId = std::uint32_t;
/// Index of an interned MatchSpec.
using SpecId = std::uint32_t;

/// What an extra of a record asks for (CEP 44).
struct ExtraDepends {
    std::string_view group;
    std::span<const SpecId> depends;
};

/// A conda record (or virtual package) within reach of the request. Its spans live as long as the world.
struct WorldRecord {
    const Repodata* repodata = nullptr;  ///< null: a virtual package
    const CondaRecord* record = nullptr;
    std::uint32_t source = 0;   ///< which subdir of which channel
    std::uint32_t channel = 0;  ///< position in the channel list
    std::uint32_t name = 0;     ///< index into CondaWorld::names
    std::uint32_t version = 0;  ///< index into CondaWorld::versions
    std::uint32_t rank = 0;     ///< of its version among those of its name: equal for equal versions
    std::uint64_t build_number = 0;
    std::string_view build;
    std::span<const SpecId> depends;
    std::span<const SpecId> constrains;
    std::span<const ExtraDepends> extras;
    std::span<const Identity> identities;
    bool tracks_features = false;
    bool expanded = false;  ///< the spans are filled
};

/// When a dependency counts, its specs interned.
struct WorldCondition {
    SpecCondition::Kind kind = SpecCondition::Kind::spec;
    SpecId spec = 0;
    std::vector<WorldCondition> parts;
};

}  // namespace aimlock::engine
