#pragma once

#include <memory>
#include <optional>
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

/// What markers may ask for besides the environment. A name that is nullopt may not be asked for.
struct MarkerContext {
    std::optional<std::string> extra = "";  ///< core metadata: the extra in question; empty: none
    std::optional<std::set<std::string>> extras = std::nullopt;             ///< lock files (PEP 751)
    std::optional<std::set<std::string>> dependency_groups = std::nullopt;  ///< lock files
};

/// A condition on the environment and the extras that were asked for (PEP 508).
class Marker {
public:
    /// Reads a marker. `at` is where `text` begins in its file.
    static Result<Marker> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    /// True where the marker holds. `extra` is compared in PEP 685 form; empty: no extra was asked for. A
    /// comparison that has no meaning (`os_name ~= "posix"`) does not hold.
    [[nodiscard]] bool evaluate(const MarkerEnvironment& environment, std::string_view extra = {}) const;
    /// As `evaluate`, but fails on a comparison that has no meaning and on a name that `context` does not
    /// have.
    [[nodiscard]] Result<bool> evaluate_in(const MarkerEnvironment& environment,
                                           const MarkerContext& context) const;
    /// True when `extra` occurs in it.
    [[nodiscard]] bool mentions_extra() const;
    /// The marker with single blanks, double quotes and the parentheses that it was written with.
    [[nodiscard]] std::string text() const;

    /// Defined in marker.cpp; immutable once parsed and shared between copies.
    struct Node;

private:
    std::shared_ptr<const Node> root_;
};

}  // namespace aimlock
