#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// The values that markers see (PEP 508), apart from `extra`.
struct MarkerEnvironment {
    std::string implementation_name = "cpython";
    std::string implementation_version;
    std::string os_name = "posix";
    std::string platform_machine = "x86_64";
    std::string platform_release;
    std::string platform_system = "Linux";
    std::string platform_version;
    std::string platform_python_implementation = "CPython";
    std::string python_full_version;  ///< "3.12.13"
    std::string python_version;       ///< "3.12"
    std::string sys_platform = "linux";
};

/// A condition on the environment and the extras that were asked for (PEP 508).
class Marker {
public:
    /// Reads a marker. `at` is where `text` begins in its file.
    static Result<Marker> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    /// True where the marker holds. `extra` is compared in PEP 685 form; empty: no extra was asked for.
    [[nodiscard]] bool evaluate(const MarkerEnvironment& environment, std::string_view extra = {}) const;
    /// True when `extra` occurs in it.
    [[nodiscard]] bool mentions_extra() const;
    [[nodiscard]] std::string text() const;

    /// Defined in marker.cpp; immutable once parsed and shared between copies.
    struct Node;

private:
    std::shared_ptr<const Node> root_;
};

}  // namespace aimlock
