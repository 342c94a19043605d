#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/spec/marker.hpp"
#include "solver/version/pep440_specifier.hpp"

namespace aimlock {

/// A dependency on a Python distribution (PEP 508).
struct Requirement {
    std::string name;                 ///< normalised (PEP 503)
    std::string written_name;         ///< as written
    std::vector<std::string> extras;  ///< normalised (PEP 685), sorted, each once
    SpecifierSet specifiers;
    std::optional<std::string> url;  ///< `name @ url`
    std::optional<Marker> marker;

    /// Reads a requirement. `at` is where `text` begins in its file. Old forms that PyPI still serves are
    /// accepted where the reference implementation accepts them: `name (>=1.0)`.
    static Result<Requirement> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    /// Canonical spelling: `name[extra]<2,>=1; marker` or `name[extra] @ url ; marker`, names normalised.
    [[nodiscard]] std::string text() const;
};

}  // namespace aimlock
