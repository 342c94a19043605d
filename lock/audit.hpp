#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lock/inventory.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {

enum class FindingLevel : std::uint8_t { error, warn, note };

/// One difference between a lock and what is there. `kind` is a word that scripts switch on:
/// "missing": a locked package, or files of it, are gone; "edited": a file is not what its package's record
/// says; "foreign": a package under a locked name that is not the locked archive, or a file that no package
/// owns; "extra": a package that the lock does not have; "driver": a locked package needs a newer CUDA than
/// the target has; "yanked": its owner had withdrawn a locked release.
struct DriftFinding {
    std::string kind;
    FindingLevel level = FindingLevel::error;
    std::string package;              ///< "conda cuda-nvrtc 12.9.86"; empty: no package is known
    std::optional<std::string> path;  ///< relative to the prefix
    std::optional<std::string> layer;
    std::string cause;
    std::string help;

    friend bool operator==(const DriftFinding&, const DriftFinding&) = default;
};

/// Compares a target of a lock with what is there. Byte code that Python wrote beside a locked, unchanged
/// source is not drift; nor are aimlock's own records. Sorted: errors first, then by kind, package and path.
/// Precondition: the lock has the target. What an audit cannot see is in lock/README.md.
std::vector<DriftFinding> audit(const Lock& lock, const std::string& target, const Inventory& inventory);

}  // namespace aimlock
