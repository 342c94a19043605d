#pragma once

#include <optional>
#include <string>
#include <vector>

#include "solver/model/repodata.hpp"
#include "solver/model/request.hpp"

namespace aimlock::engine {

/// A request whose target was given a newer CUDA by a compatibility package.
struct CompatRequest {
    std::optional<TargetRequest> raised;  ///< nullopt: as it was
    std::string note;  ///< what was done, or why nothing was; empty: `cuda-compat` is not set
};

/// `cuda-compat = true`: the newest `cuda-compat` record of the channels stands for the driver, and becomes a
/// requirement. NVIDIA gives it to data-centre GPUs only, so it is never assumed.
CompatRequest with_cuda_compat(const TargetRequest& request, const std::vector<Channel>& channels);

}  // namespace aimlock::engine
