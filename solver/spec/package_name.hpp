#pragma once

#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// The PEP 503 form of a PyPI name: lower case, runs of `-`, `_` and `.` become one `-`.
std::string normalize_pypi_name(std::string_view name);

/// True for a name that PEP 508 allows: ASCII letters, digits, `-`, `_`, `.`, beginning and ending with a
/// letter or digit.
bool is_valid_pypi_name(std::string_view name);

/// True for a conda name (CEP 26): lower-case ASCII letters, digits, `-`, `_`, `.`; virtual packages begin
/// with `__`.
bool is_valid_conda_name(std::string_view name);

/// The edit distance (insert, delete, replace, swap of neighbours) of two names: "nearest known" in error
/// messages.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace aimlock
