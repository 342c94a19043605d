#pragma once

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// A bound on a distribution holds for the conda records that carry it, too.
void bound_carriers(EncodedRound& round,
                    const CondaPart& conda,
                    PypiWorld& pypi,
                    const ReleaseFilter& filter);

}  // namespace aimlock::engine
