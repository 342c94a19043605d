#pragma once

#include <string>
#include <vector>

#include "solver/model/target.hpp"

namespace aimlock {

/// The indexes that a target asks, in their order. An index whose address ends in a build variant, as those
/// of PyTorch do (`…/whl/cu126`, `…/whl/cpu`), is for some targets only: one for CUDA where the driver runs
/// its major, one for the CPU where no index for CUDA is left. A list of which nothing would be left stays
/// whole.
std::vector<std::string> indexes_for(const Target& target, const std::vector<std::string>& indexes);

}  // namespace aimlock
