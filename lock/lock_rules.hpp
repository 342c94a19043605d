#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "lock/lockfile.hpp"

namespace aimlock {

/// A rule that a lock breaks: the block (a name and its index among the blocks of that name) and the key to
/// point at.
struct BrokenRule {
    std::string_view block;
    std::size_t index = 0;
    std::string_view key;
    std::string message;
    std::string hint;
};

/// What must hold between the parts of a lock, apart from its spelling: names are plain, targets and sources
/// exist, a package comes from a host that its source named when the lock was made, one package a name and
/// target, no secrets, a record of the target's platform. nullopt: all hold.
std::optional<BrokenRule> broken_rule(const Lock& lock);

}  // namespace aimlock
