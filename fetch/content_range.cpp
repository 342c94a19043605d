#include "fetch/content_range.hpp"

#include <algorithm>
#include <charconv>

namespace aimlock {

std::optional<ContentRange> parse_content_range(std::string_view text) {
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    const auto take = [&text](std::uint64_t& into, char behind) {
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
        const auto used = static_cast<std::size_t>(end - text.data());
        if (failed != std::errc{} || (behind != '\0' && (used >= text.size() || text[used] != behind)))
            return false;
        text.remove_prefix(std::min(used + 1, text.size()));
        return true;
    };
    ContentRange range;
    if (!take(range.begin, '-') || !take(range.end, '/') || !take(range.total, '\0')) return std::nullopt;
    ++range.end;
    if (range.begin >= range.end || range.end > range.total) return std::nullopt;
    return range;
}

}  // namespace aimlock
