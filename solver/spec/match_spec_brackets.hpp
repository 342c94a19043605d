#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

// The part of a MatchSpec between brackets: `[key=value, key='value', key=[a, b]]`. Values may hold brackets
// of their own
// (`when=python[version='<=3.11']`), inside which quotes and separators mean nothing to us.

struct BracketPair {
    std::string_view key;
    std::string_view value;  ///< without quotes; with the operator where it is no `=`: `[version<2]`
};

/// The position of the `]` that closes the `[` at `open`, npos when none does.
std::size_t matching_bracket(std::string_view text, std::size_t open);

/// The pairs of the text between the brackets, separated by commas or blanks. Views into `inside`.
Result<std::vector<BracketPair>> read_bracket_pairs(std::string_view inside);

/// `a` or `[a, 'b']`.
Result<std::vector<std::string>> read_bracket_list(std::string_view value);

/// Fails unless `condition` is made of specs, `and`, `or` and parentheses (CEP 43). Specs in it hold no
/// conditions.
Result<void> check_condition(std::string_view condition);

}  // namespace aimlock
