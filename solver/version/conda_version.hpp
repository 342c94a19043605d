#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// A conda version (CEP 33): epoch, dotted components of numbers and letters, local part. Compared
/// case-insensitively; `dev` sorts lowest, `post` highest, letters below numbers; missing components count as
/// 0.
class CondaVersion {
public:
    /// Reads a version. Fails on an empty text, a character outside CEP 33's alphabet, two epochs, an empty
    /// component.
    static Result<CondaVersion> parse(std::string_view text);

    /// The version as published.
    [[nodiscard]] const std::string& text() const { return text_; }

    friend std::weak_ordering operator<=>(const CondaVersion& a, const CondaVersion& b);
    friend bool operator==(const CondaVersion& a, const CondaVersion& b) { return (a <=> b) == 0; }

    /// True when this version begins with `prefix`, component by component, as `=1.8` and `1.8.*` ask
    /// (1.8.3 and 1.8 begin with 1.8; 1.80 does not; the last component may go on in letters: 1.8a begins
    /// with 1.8).
    [[nodiscard]] bool starts_with(const CondaVersion& prefix) const;

    /// This version without its last component (`~=1.8.2` asks for >=1.8.2 and =1.8); itself when it has only
    /// one.
    [[nodiscard]] CondaVersion without_last_component() const;

    /// One piece of a component. Ordered: `dev` < letters < number < `post`.
    struct Atom {
        enum class Kind : std::uint8_t { dev, letters, number, post } kind = Kind::number;
        std::string
            digits_or_letters;  ///< a number without leading zeros (empty for 0), or lower-case letters
        friend std::strong_ordering operator<=>(const Atom& a, const Atom& b);
        friend bool operator==(const Atom& a, const Atom& b) { return (a <=> b) == 0; }
    };
    using Component = std::vector<Atom>;  ///< begins with a number: a leading letter gets a 0 before it

    [[nodiscard]] const std::vector<Component>& components() const { return components_; }
    [[nodiscard]] const std::vector<Component>& local() const { return local_; }

private:
    std::string text_;
    std::uint64_t epoch_ = 0;
    std::vector<Component> components_;
    std::vector<Component> local_;
};

}  // namespace aimlock
