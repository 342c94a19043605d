#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// A command that calls a Python function.
struct EntryPoint {
    std::string name;    ///< of the file in bin/
    std::string module;  ///< dotted identifiers
    std::string object;  ///< dotted identifiers

    friend bool operator==(const EntryPoint&, const EntryPoint&) = default;
};

/// Reads `name = module:object [extras]`. Refuses names that are no plain file names or that stand for the
/// interpreter
/// (`python`, in any case and with any version), and modules and objects that are more than dotted
/// identifiers: both end up in a program's text.
Result<EntryPoint> parse_entry_point(std::string_view line);

/// The console and GUI scripts of a distribution's entry_points.txt; other groups are nobody's commands.
Result<std::vector<EntryPoint>> parse_entry_points_txt(std::string_view text);

/// The program of `entry`, run by `interpreter`.
std::string entry_point_wrapper(const EntryPoint& entry, std::string_view interpreter);

}  // namespace aimlock
