#pragma once

#include <cassert>
#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
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

/// A hash that is the same in every build and on every run: packed tables hold it (FNV-1a, mixed).
constexpr std::uint32_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return static_cast<std::uint32_t>(hash ^ (hash >> 29U));
}

/// Texts that lie somewhere else (in a mapped file): what an Interner can begin with. Reading is safe
/// whatever the tables hold.
struct PackedTexts {
    static constexpr std::uint32_t no_text = 0xffffffff;

    std::span<const std::uint32_t> ends;  ///< text i is bytes [ends[i - 1], ends[i])
    std::string_view bytes;
    std::span<const std::uint32_t> slots;  ///< ids by `stable_hash`, open addressing, a power of two

    [[nodiscard]] std::string_view operator[](std::uint32_t i) const {
        const std::uint32_t begin = i == 0 ? 0 : ends[i - 1];
        if (begin > ends[i] || ends[i] > bytes.size()) return {};
        return bytes.substr(begin, ends[i] - begin);
    }
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const {
        const std::size_t mask = slots.size() - 1;  // of no slots: the loop does not begin
        for (std::size_t probe = 0; probe < slots.size(); ++probe) {
            const std::uint32_t id = slots[(stable_hash(text) + probe) & mask];
            if (id >= ends.size()) break;
            if ((*this)[id] == text) return id;
        }
        return std::nullopt;
    }
};

/// Each distinct text once, under a dense id: comparing texts is comparing integers. Id 0 is the empty text.
class Interner {
public:
    Interner() { intern({}); }
    /// Begins with packed texts under their own ids, the first of them empty; they must outlive the interner.
    explicit Interner(const PackedTexts& packed)
        : packed_(packed), packed_size_(static_cast<std::uint32_t>(packed.ends.size())) {}
    Interner(Interner&&) = default;
    Interner& operator=(Interner&&) = default;
    Interner(const Interner&) = delete;
    Interner& operator=(const Interner&) = delete;
    ~Interner() = default;

    /// The id of `text`, new or known.
    TextId intern(std::string_view text) {
        if (const auto known = find(text)) return *known;
        texts_.emplace_back(text);
        const TextId id{packed_size_ + static_cast<std::uint32_t>(texts_.size() - 1)};
        ids_.emplace(texts_.back(), id);
        return id;
    }
    /// The id of `text` where it is known.
    [[nodiscard]] std::optional<TextId> find(std::string_view text) const {
        if (packed_size_ != 0) {
            if (const auto packed = packed_.find(text)) return TextId{*packed};
        }
        const auto found = ids_.find(text);
        return found == ids_.end() ? std::nullopt : std::optional(found->second);
    }
    /// The text of `id`; the view lives as long as the interner, or as the packed texts.
    std::string_view operator[](TextId id) const {
        if (id.index < packed_size_) return packed_[id.index];
        assert(id.index - packed_size_ < texts_.size());
        return texts_[id.index - packed_size_];
    }
    [[nodiscard]] std::size_t size() const { return packed_size_ + texts_.size(); }

private:
    PackedTexts packed_;
    std::uint32_t packed_size_ = 0;
    std::deque<std::string> texts_;
    std::unordered_map<std::string_view, TextId> ids_;  // keys view into texts_
};

}  // namespace aimlock

template <class Tag>
struct std::hash<aimlock::TypedId<Tag>> {
    std::size_t operator()(aimlock::TypedId<Tag> id) const noexcept { return id.index; }
};
