#pragma once

#include <optional>
#include <set>
#include <string>

#include "image/layers.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {

/// The plan as people read it (`aimlock image --plan`): a row a layer, at most 80 columns, and what a rebuild
/// ships. `previous` is the plan of the last image; without one every layer is new.
std::string render_layer_table(const LayerPlan& plan,
                               const LayerPlan* previous,
                               const std::optional<LockBase>& base,
                               const std::set<PackageKey>& asked);

}  // namespace aimlock
