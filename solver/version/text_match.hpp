#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// True when `text` has the form of `glob`, in which each `*` stands for any characters.
bool matches_glob(std::string_view glob, std::string_view text, bool ignore_case = false);

/// A `^…$` expression of CEP 29, compiled. Copies share it.
class TextRegex {
public:
    /// Fails on what is no regular expression, on back-references, and on an expression of over 1000 bytes.
    static Result<TextRegex> parse(std::string_view expression, bool ignore_case = false);
    /// False for texts of over 1000 bytes: the engine recurses once a byte.
    [[nodiscard]] bool matches(std::string_view text) const;

private:
    struct Compiled;
    std::shared_ptr<const Compiled> compiled_;
};

}  // namespace aimlock
