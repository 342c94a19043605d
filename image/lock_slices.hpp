#pragma once

#include "image/layers.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {

/// The part of `lock` that one layer replays: its packages, their sources, one target. What the replay does
/// not read (roots, cut-off, digests of the inputs, virtual packages) is left out, so that an edit elsewhere
/// leaves the slice's bytes, and with them the builder's cache of this layer, as they are.
Lock slice_lock(const Lock& lock, const LayerPlan& plan, const Layer& layer);

/// True when the layer holds Python source that wants byte code: a noarch Python package or a wheel.
bool holds_python_source(const Lock& lock, const LayerPlan& plan, const Layer& layer);

}  // namespace aimlock
