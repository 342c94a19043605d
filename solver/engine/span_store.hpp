#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace aimlock::engine {

/// Keeps runs of values in large blocks: one allocation for thousands of small lists, whose spans stay valid.
template <class T>
class SpanStore {
public:
    /// A copy of `values` that lives as long as the store.
    std::span<const T> add(std::span<const T> values) {
        if (values.empty()) return {};
        if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < values.size()) {
            blocks_.emplace_back();
            blocks_.back().reserve(std::max(block_size, values.size()));
        }
        std::vector<T>& block = blocks_.back();
        const std::size_t begin = block.size();
        block.insert(block.end(), values.begin(), values.end());
        return std::span<const T>(block).subspan(begin);
    }

private:
    static constexpr std::size_t block_size = 8192;
    std::vector<std::vector<T>> blocks_;  // a block never grows beyond what was reserved
};

}  // namespace aimlock::engine
