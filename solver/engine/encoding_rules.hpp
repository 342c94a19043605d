#pragma once

#include <map>

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// conda's cuda-version 12 and a wheel of CUDA 13 do not belong in one environment. `cuda_keys`: the key of
/// each major that a wheel asks for.
void exclude_other_cuda(EncodedRound& round,
                        const CondaPart& conda,
                        const std::map<unsigned, KeyId>& cuda_keys);

/// A bound on a distribution holds for the conda records that carry it, too.
void bound_carriers(EncodedRound& round,
                    const CondaPart& conda,
                    PypiWorld& pypi,
                    const ReleaseFilter& filter);

}  // namespace aimlock::engine
