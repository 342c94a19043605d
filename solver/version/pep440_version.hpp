#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// A Python package version (PEP 440).
class Pep440Version {
public:
    /// Reads a version, surrounding blanks allowed, in any spelling that PEP 440 normalises (`v1.0-RC.1`).
    /// Numbers of any length are kept exactly.
    static Result<Pep440Version> parse(std::string_view text);

    /// The normalised spelling, local part included: "1.0rc1+cu126".
    [[nodiscard]] std::string text() const;
    /// The normalised spelling without the local part.
    [[nodiscard]] std::string public_text() const;

    [[nodiscard]] const std::vector<std::string>& release() const { return release_; }  ///< digits without leading zeros
    [[nodiscard]] std::uint64_t major() const;  ///< release()[0]; saturates
    [[nodiscard]] std::uint64_t minor() const;  ///< release()[1], 0 when absent
    [[nodiscard]] bool is_prerelease() const;  ///< a, b, rc or dev
    [[nodiscard]] bool is_postrelease() const { return post_.has_value(); }
    [[nodiscard]] bool is_devrelease() const { return dev_.has_value(); }
    [[nodiscard]] bool has_local() const { return !local_.empty(); }
    [[nodiscard]] std::string local_text() const;

    /// PEP 440 order; the local part counts, trailing zeros of the release do not.
    friend std::strong_ordering operator<=>(const Pep440Version& a, const Pep440Version& b);
    friend bool operator==(const Pep440Version& a, const Pep440Version& b) { return (a <=> b) == 0; }

    /// This version with parts taken off; what specifiers compare with.
    [[nodiscard]] Pep440Version without_local() const;
    [[nodiscard]] Pep440Version base() const;  ///< epoch and release only

private:
    std::string epoch_;                                       // digits without leading zeros; empty is 0
    std::vector<std::string> release_;
    std::optional<std::pair<char, std::string>> pre_;         // 'a', 'b' or 'r' (rc), number
    std::optional<std::string> post_;
    std::optional<std::string> dev_;
    std::vector<std::string> local_;
};

}  // namespace aimlock
