#include "fetch/archive/pax_record.hpp"

#include <fmt/format.h>

namespace aimlock {

std::string pax_record(std::string_view key, std::string_view value) {
    const std::size_t rest = key.size() + value.size() + 3;  // blank, equals sign, end of line
    std::size_t size = rest + 1;
    while (rest + std::to_string(size).size() != size) size = rest + std::to_string(size).size();
    return fmt::format("{} {}={}\n", size, key, value);
}

}  // namespace aimlock
