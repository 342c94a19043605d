#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lock/inventory.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {

enum class FindingLevel : std::uint8_t { error, warn, note };

/// One difference between a lock and what is there. `kind` is one of product.md's words: "edited", "missing",
/// "extra", "foreign", …
struct DriftFinding {
    std::string kind;
    FindingLevel level = FindingLevel::error;
    std::string package;              ///< "conda cuda-nvrtc 12.9.86"; empty: no package is known
    std::optional<std::string> path;  ///< relative to the prefix
    std::optional<std::string> layer;
    std::string cause;
    std::string help;
};

/// Compares a target of a lock with what is there. Byte code that Python wrote beside a locked, unchanged
/// source is not drift; nor are aimlock's own records. Sorted: errors first, then by kind, package and path.
std::vector<DriftFinding> audit(const Lock& lock, const std::string& target, const Inventory& inventory);

}  // namespace aimlock
