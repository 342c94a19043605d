#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace aimlock {

/// A vector that can also be a view of values that lie somewhere else (in a mapped file): then it is read
/// only, and whoever made it keeps them alive.
template <class T>
class Table {
public:
    Table() = default;
    explicit Table(std::span<const T> packed) : packed_(packed) {}

    [[nodiscard]] std::span<const T> all() const {
        return packed_.data() == nullptr ? std::span<const T>(own_) : packed_;
    }
    [[nodiscard]] std::size_t size() const { return all().size(); }
    [[nodiscard]] bool empty() const { return all().empty(); }
    [[nodiscard]] const T& operator[](std::size_t i) const {
        assert(i < size());
        return all()[i];
    }
    [[nodiscard]] auto begin() const { return all().begin(); }
    [[nodiscard]] auto end() const { return all().end(); }

    void push_back(T value) { own().push_back(std::move(value)); }
    /// The values, to be changed; not of a view.
    [[nodiscard]] std::vector<T>& own() {
        assert(packed_.data() == nullptr);
        return own_;
    }

private:
    std::vector<T> own_;
    std::span<const T> packed_;
};

}  // namespace aimlock
