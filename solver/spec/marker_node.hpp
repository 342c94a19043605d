#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/spec/marker.hpp"
#include "solver/version/pep440_specifier.hpp"

namespace aimlock {

// The inside of a marker, for marker.cpp and marker_reader.cpp.

enum class MarkerVariable : std::uint8_t {
    none,
    implementation_name,
    implementation_version,
    os_name,
    platform_machine,
    platform_release,
    platform_system,
    platform_version,
    platform_python_implementation,
    python_full_version,
    python_version,
    sys_platform,
    extra,
    extras,
    dependency_groups,
};

std::string_view marker_variable_name(MarkerVariable variable);

/// A comparison, or a list of nodes joined by `and` and `or`: one whose `items` are not empty.
struct Marker::Node {
    struct Operand {
        MarkerVariable variable = MarkerVariable::none;
        std::string text;  ///< the literal, or the variable's name
    };
    Operand left;
    std::string op;
    Operand right;
    std::optional<SpecifierSet> bound;  ///< `op` and `right` where they make a version clause
    std::vector<Node> items;
    bool after_or = false;  ///< of an item: joined to the one before by `or`
};

/// Reads a marker that takes the whole of `text`.
Result<Marker::Node> read_marker(std::string_view text, SourcePos at);

}  // namespace aimlock
