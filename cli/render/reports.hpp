#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/render/terminal.hpp"
#include "lock/audit.hpp"
#include "lock/lockfile.hpp"
#include "solver/engine/align_targets.hpp"
#include "solver/model/solution.hpp"

namespace aimlock::cli {

/// Why a target has no solution: the requirements with their lines, the chain, and the edits that were tried.
std::string unsatisfiable_report(const Conflict& conflict, const Painter& paint, std::size_t columns);

/// One target's part of the summary: "Solved gpu  465 conda + 263 PyPI in 0.81 s".
std::string solved_line(const Solution& solution, const Painter& paint);

/// "numpy (conda) is 2.5.2 for gpu, 2.4.6 for arm: no channel has numpy 2.5.2 for linux-aarch64"
std::string apart_line(const Apart& apart);

/// What moved between two locks, one line a package: `up`, `down`, `new`, `gone`, `rebuilt`, `moved`. At most
/// `limit` lines, and how many were left out. Empty when the packages are the same.
std::string changes_report(const Lock& before, const Lock& after, std::size_t columns, std::size_t limit);

/// Every package of a solution: kind, name, version, build, size.
std::string package_report(const Solution& solution, std::size_t columns);

/// The findings of an audit and their count. `package_count`: packages of the target that was held against
/// the prefix.
std::string audit_report(std::span<const DriftFinding> findings,
                         std::size_t package_count,
                         const Painter& paint,
                         std::size_t columns);

}  // namespace aimlock::cli
