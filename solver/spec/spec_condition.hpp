#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// When a dependency counts (CEP 43): specs joined by `and`, which binds tighter, and `or`, and parentheses.
struct SpecCondition {
    enum class Kind : std::uint8_t { spec, all_of, any_of } kind = Kind::spec;
    std::string spec;                  ///< of `spec`: a MatchSpec without a condition of its own
    std::vector<SpecCondition> parts;  ///< of the others

    /// Fails on what is no condition; the error has no place.
    static Result<SpecCondition> parse(std::string_view text);
};

}  // namespace aimlock
