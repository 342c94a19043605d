#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "solver/base/arena.hpp"

namespace aimlock {

struct TextTag;
using TextId = TypedId<TextTag>;

/// A hash that is the same in every build and on every run of one machine: packed tables hold it. Eight bytes
/// at a time: a channel of a million records has twenty million texts.
inline std::uint32_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ text.size();
    for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, std::min(sizeof word, text.size() - at));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32U;
    }
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
        const std::size_t hash = stable_hash(text);
        for (std::size_t probe = 0; probe < slots.size(); ++probe) {
            const std::uint32_t id = slots[(hash + probe) & mask];
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
        if (packed_size_ != 0) {
            if (const auto packed = packed_.find(text)) return TextId{*packed};
        }
        if (2 * texts_.size() >= slots_.size()) grow();
        const std::uint32_t hash = stable_hash(text);
        Slot& slot = slots_[slot_of(text, hash)];
        if (slot.text == PackedTexts::no_text) {
            slot = {hash, static_cast<std::uint32_t>(texts_.size())};
            texts_.push_back(kept(text));
        }
        return TextId{packed_size_ + slot.text};
    }
    /// The id of `text` where it is known.
    [[nodiscard]] std::optional<TextId> find(std::string_view text) const {
        if (packed_size_ != 0) {
            if (const auto packed = packed_.find(text)) return TextId{*packed};
        }
        if (slots_.empty()) return std::nullopt;
        const Slot& slot = slots_[slot_of(text, stable_hash(text))];
        if (slot.text == PackedTexts::no_text) return std::nullopt;
        return TextId{packed_size_ + slot.text};
    }
    /// The text of `id`; the view lives as long as the interner, or as the packed texts.
    std::string_view operator[](TextId id) const {
        if (id.index < packed_size_) return packed_[id.index];
        assert(id.index - packed_size_ < texts_.size());
        return texts_[id.index - packed_size_];
    }
    [[nodiscard]] std::size_t size() const { return packed_size_ + texts_.size(); }

private:
    /// Open addressing, a power of two of them, at most half of them taken.
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t text = PackedTexts::no_text;
    };
    [[nodiscard]] std::size_t slot_of(std::string_view text, std::uint32_t hash) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = hash & mask;
        while (slots_[at].text != PackedTexts::no_text &&
               (slots_[at].hash != hash || texts_[slots_[at].text] != text))
            at = (at + 1) & mask;
        return at;
    }
    void grow();
    /// A copy of `text` that stays where it is.
    std::string_view kept(std::string_view text);

    PackedTexts packed_;
    std::uint32_t packed_size_ = 0;
    std::vector<std::unique_ptr<char[]>> blocks_;
    std::span<char> room_;  // of the last block
    std::size_t block_size_ = 0;
    std::vector<std::string_view> texts_;
    std::vector<Slot> slots_;
};

}  // namespace aimlock
