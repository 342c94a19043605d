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

/// The end of a value: the first of `stops` outside brackets, or the end of the text; npos for an unbalanced
/// bracket.
std::size_t end_of_bracket_value(std::string_view text, std::string_view stops);

/// The pairs of the text between the brackets, separated by commas or blanks. Views into `inside`.
Result<std::vector<BracketPair>> read_bracket_pairs(std::string_view inside);

/// `a` or `[a, 'b']`.
Result<std::vector<std::string>> read_bracket_list(std::string_view value);

}  // namespace aimlock
