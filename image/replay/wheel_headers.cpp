#include "image/replay/wheel_headers.hpp"

#include <algorithm>

namespace aimlock {

std::string_view header_value(std::string_view text, std::string_view key) {
    while (!text.empty() && text.front() != '\n' && text.front() != '\r') {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(text.size(), end + 1));
        if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") continue;
        line.remove_prefix(key.size() + 1);
        const std::size_t first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) return {};
        return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    }
    return {};
}

}  // namespace aimlock
