#include "solver/spec/package_name.hpp"

#include <algorithm>
#include <vector>

#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr bool is_separator(char c) {
    return c == '-' || c == '_' || c == '.';
}

}  // namespace

std::string normalize_pypi_name(std::string_view name) {
    std::string normal;
    normal.reserve(name.size());
    bool after_separator = false;
    for (const char c : name) {
        if (!is_separator(c)) {
            normal += to_lower(c);
        } else if (!after_separator) {
            normal += '-';
        }
        after_separator = is_separator(c);
    }
    return normal;
}

bool is_valid_pypi_name(std::string_view name) {
    return !name.empty() && is_alnum(name.front()) && is_alnum(name.back()) &&
           std::ranges::all_of(name, [](char c) { return is_alnum(c) || is_separator(c); });
}

bool is_valid_conda_name(std::string_view name) {
    if (name.empty() ||
        !std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || is_separator(c); })) {
        return false;
    }
    // A virtual package begins with two underscores, other names with at most one before a letter or digit.
    std::string_view rest = name;
    for (int i = 0; i < 2 && !rest.empty() && rest.front() == '_'; ++i) rest.remove_prefix(1);
    if (rest.empty() || is_separator(rest.front())) return false;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == rest[i - 1] && (rest[i] == '.' || rest[i] == '-')) return false;
    }
    return true;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Rows of the table of distances of prefixes; a swap of neighbours looks two rows back.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

void NearestName::consider(std::string_view candidate) {
    const std::size_t longer = std::max(candidate.size(), name_.size());
    if (longer - std::min(candidate.size(), name_.size()) > edits_) return;
    const std::size_t edits = edit_distance(candidate, name_);
    if (edits > edits_ || (edits == edits_ && !found_.empty() && found_ <= candidate)) return;
    edits_ = edits;
    found_ = candidate;
}

}  // namespace aimlock
