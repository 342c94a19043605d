#pragma once

#include <cassert>
#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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

struct TextTag;
using TextId = TypedId<TextTag>;

/// Each distinct text once, under a dense id: comparing texts is comparing integers. Id 0 is the empty text.
class Interner {
public:
    Interner() { intern({}); }
    Interner(Interner&&) = default;
    Interner& operator=(Interner&&) = default;
    Interner(const Interner&) = delete;
    Interner& operator=(const Interner&) = delete;
    ~Interner() = default;

    /// The id of `text`, new or known.
    TextId intern(std::string_view text) {
        if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
        texts_.emplace_back(text);
        const TextId id{static_cast<std::uint32_t>(texts_.size() - 1)};
        ids_.emplace(texts_.back(), id);
        return id;
    }
    /// The id of `text` where it is known.
    [[nodiscard]] std::optional<TextId> find(std::string_view text) const {
        const auto found = ids_.find(text);
        return found == ids_.end() ? std::nullopt : std::optional(found->second);
    }
    /// The text of `id`; the view lives as long as the interner.
    std::string_view operator[](TextId id) const {
        assert(id.index < texts_.size());
        return texts_[id.index];
    }
    [[nodiscard]] std::size_t size() const { return texts_.size(); }

private:
    std::deque<std::string> texts_;
    std::unordered_map<std::string_view, TextId> ids_;  // keys view into texts_
};

}  // namespace aimlock

template <class Tag>
struct std::hash<aimlock::TypedId<Tag>> {
    std::size_t operator()(aimlock::TypedId<Tag> id) const noexcept { return id.index; }
};
