#pragma once

#include <algorithm>
#include <vector>

namespace aimlock {

/// Sorts `values`, ascending, and leaves one of each.
template <typename Value>
void sort_unique(std::vector<Value>& values) {
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace aimlock
