#pragma once

#include <optional>
#include <span>
#include <utility>

#include "solver/model/solution.hpp"

namespace aimlock {

/// The CUDA major that a package is made for, by its name, version and build; nullopt: they tell none.
std::optional<unsigned> cuda_major_of(const Package& package);

/// The oldest CUDA that a driver must support for `packages`, by their majors and by their records' bounds on
/// `__cuda`: {12, 2}; {0, 0}: any, or none.
std::pair<unsigned, unsigned> oldest_cuda_for(std::span<const Package* const> packages);

}  // namespace aimlock
