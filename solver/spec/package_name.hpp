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

/// Finds the name that is most likely meant by one that does not exist: at most two edits away, one where it
/// is short, and of equally near ones the first in the alphabet.
class NearestName {
public:
    explicit NearestName(std::string_view name) : name_(name), edits_(name.size() < 5 ? 1 : 2) {}
    void consider(std::string_view candidate);
    /// Empty: none is near.
    [[nodiscard]] const std::string& found() const { return found_; }

private:
    std::string name_;
    std::string found_;
    std::size_t edits_;
};

}  // namespace aimlock
