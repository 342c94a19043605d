#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace aimlock::engine {

/// Thousands of short lists of numbers in one block.
class PackedLists {
public:
    /// `visit(put)` calls `put(list, number)` for every number of every list below `count`. It is called
    /// twice, to count and to fill; numbers of a list keep the order in which they come.
    template <typename Visit>
    PackedLists(std::size_t count, Visit visit) : begin_(count + 1, 0) {
        visit([this](std::uint32_t list, std::uint32_t) { ++begin_[list + 1]; });
        for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
        numbers_.resize(begin_.back());
        std::vector<std::uint32_t> next = begin_;
        visit([&](std::uint32_t list, std::uint32_t number) { numbers_[next[list]++] = number; });
    }

    std::span<const std::uint32_t> operator[](std::uint32_t list) const {
        return std::span<const std::uint32_t>(numbers_).subspan(begin_[list],
                                                                begin_[list + 1] - begin_[list]);
    }

private:
    std::vector<std::uint32_t> begin_;
    std::vector<std::uint32_t> numbers_;
};

}  // namespace aimlock::engine
