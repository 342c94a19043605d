#pragma once

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// A yanked release or pre-release that is there only because a requirement names it needs somebody installed
/// who has such a requirement.
void require_naming(EncodedRound& round, const CondaPart& conda, PypiWorld& pypi, const Windows& windows);

/// A bound on a distribution holds for the conda records that carry it, too.
void bound_carriers(EncodedRound& round,
                    const CondaPart& conda,
                    PypiWorld& pypi,
                    const ReleaseFilter& filter);

}  // namespace aimlock::engine
