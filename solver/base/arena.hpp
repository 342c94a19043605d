#pragma once

#include <cassert>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

namespace aimlock {

/// Index into a table of `Tag`s. Two ids of different tags do not convert or compare.
template <class Tag>
struct TypedId {
    std::uint32_t index = 0;
    friend auto operator<=>(TypedId, TypedId) = default;
};

/// Owns values of `T`, hands out dense ids, never moves or frees a value.
template <class T>
class Arena {
public:
    using id = TypedId<T>;
    id add(T value) {
        values_.push_back(std::move(value));
        return id{static_cast<std::uint32_t>(values_.size() - 1)};
    }
    const T& operator[](id i) const {
        assert(i.index < values_.size());
        return values_[i.index];
    }
    T& operator[](id i) {
        assert(i.index < values_.size());
        return values_[i.index];
    }
    [[nodiscard]] std::size_t size() const { return values_.size(); }

private:
    std::deque<T> values_;  // stable addresses while it grows
};

}  // namespace aimlock

template <class Tag>
struct std::hash<aimlock::TypedId<Tag>> {
    std::size_t operator()(aimlock::TypedId<Tag> id) const noexcept { return id.index; }
};
