#include "solver/base/interner.hpp"

#include <utility>

namespace aimlock {

void Interner::grow() {
    constexpr std::size_t first = 16;
    const std::vector<Slot> old =
        std::exchange(slots_, std::vector<Slot>(std::max(first, 2 * slots_.size())));
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
        if (slot.text == PackedTexts::no_text) continue;
        std::size_t at = slot.hash & mask;
        while (slots_[at].text != PackedTexts::no_text) at = (at + 1) & mask;
        slots_[at] = slot;
    }
}
std::string_view Interner::kept(std::string_view text) {
    constexpr std::size_t smallest = 256;
    constexpr std::size_t largest = std::size_t{1} << 18U;
    if (text.size() > room_.size()) {
        block_size_ = std::clamp(2 * block_size_, smallest, largest);
        const std::size_t size = std::max(block_size_, text.size());
        blocks_.push_back(std::make_unique<char[]>(size));
        room_ = {blocks_.back().get(), size};
    }
    std::ranges::copy(text, room_.begin());
    const std::string_view copy(room_.data(), text.size());
    room_ = room_.subspan(text.size());
    return copy;
}

}  // namespace aimlock
