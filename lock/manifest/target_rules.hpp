#pragma once

#include <optional>
#include <string>

#include "solver/model/target.hpp"

namespace aimlock {

/// How a target contradicts itself before any package is looked at: a GPU that its driver does not know, a
/// GPU and no driver. One sentence; nullopt: it does not.
std::optional<std::string> target_contradiction(const Target& target);

/// True for "12" and "12.4": one or two numbers.
bool is_dotted_number(std::string_view text, std::size_t least_parts, std::size_t most_parts);

}  // namespace aimlock
