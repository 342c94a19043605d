#pragma once

#include <vector>

#include "solver/model/name_map.hpp"
#include "solver/model/request.hpp"
#include "solver/spec/match_spec.hpp"

namespace aimlock::engine {

/// The conda names that a solve of `request` begins with: whoever reads a channel in part must read these and
/// all that their records reach. `to_explain`: those of its repairs, too.
std::vector<MatchSpec> specs_to_read(const TargetRequest& request, const NameMap& name_map, bool to_explain);

}  // namespace aimlock::engine
