#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"
#include "solver/version/conda_version.hpp"

namespace aimlock {

/// What the version field of a MatchSpec asks for (CEP 29): bounds joined by `,` (and, binds tighter) and `|`
/// (or), parentheses, `=1.8`/`1.8.*` (prefix), `==`, `!=`, `~=`, globs, and `^…$` regular expressions.
class CondaRange {
public:
    /// Reads a version expression. Fails on an unknown operator, an unbalanced parenthesis, a version that
    /// does not parse.
    static Result<CondaRange> parse(std::string_view text, SourcePos at = {{}, 0, 0});

    /// A range that was never parsed contains everything.
    [[nodiscard]] bool contains(const CondaVersion& version) const;

    /// The version of a range that is `==1.8` or `1.8` and nothing else, else null.
    [[nodiscard]] const CondaVersion* exact() const;
    /// True for `*`, which every version satisfies.
    [[nodiscard]] bool is_any() const;

    /// The expression in canonical form: parse(text()) gives an equal range.
    [[nodiscard]] std::string text() const;

    /// Defined in conda_range.cpp; immutable once parsed and shared between copies.
    struct Node;

private:
    std::shared_ptr<const Node> root_;
};

}  // namespace aimlock
