#pragma once

#include <vector>

#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// Refuses packages of an image that are locked as sources or as a commit, and names them: they are built in
/// a whole environment, and a layer of an image is none.
Result<void> check_archives_only(const std::vector<const Package*>& packages);

}  // namespace aimlock
