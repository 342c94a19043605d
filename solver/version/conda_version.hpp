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
/// 0. Kept as its text and a sort key: comparing is comparing bytes.
class CondaVersion {
public:
    /// The version 0.
    CondaVersion() : CondaVersion(*parse("0")) {}

    /// Reads a version. Fails on an empty text, a character outside CEP 33's alphabet, two epochs, an empty
    /// component.
    static Result<CondaVersion> parse(std::string_view text);

    /// The version as published, without blanks around it.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The spelling that is compared: lower case, `-` as `_`.
    [[nodiscard]] std::string normalized_text() const;

    friend std::weak_ordering operator<=>(const CondaVersion& a, const CondaVersion& b) {
        return a.key_.compare(b.key_) <=> 0;
    }
    friend bool operator==(const CondaVersion& a, const CondaVersion& b) { return a.key_ == b.key_; }
    /// Bytes whose order is the order of versions: equal for equal versions.
    [[nodiscard]] std::string_view key() const { return key_; }

    /// True when this version begins with `prefix`, component by component, as `=1.8` and `1.8.*` ask
    /// (1.8.3 and 1.8 begin with 1.8; 1.80 does not; the last component may go on in letters: 1.8a begins
    /// with 1.8).
    [[nodiscard]] bool starts_with(const CondaVersion& prefix) const;

    /// This version without what follows its last dot (`~=1.8.2` asks for >=1.8.2 and =1.8); itself where
    /// there is none.
    [[nodiscard]] CondaVersion without_last_component() const;

    /// One piece of a component. Ordered: `*` < `dev` < letters < number < `post`.
    struct Atom {
        enum class Kind : std::uint8_t { star, dev, letters, number, post } kind = Kind::number;
        std::string
            digits_or_letters;  ///< a number without leading zeros (empty for 0), or lower-case letters
        friend bool operator==(const Atom&, const Atom&) = default;
    };
    using Component = std::vector<Atom>;  ///< begins with a number: a leading letter gets a 0 before it

    [[nodiscard]] std::vector<Component> components() const;  ///< the epoch first
    [[nodiscard]] std::vector<Component> local() const;

private:
    struct Unread {};
    explicit CondaVersion(Unread) {}

    std::string text_;
    std::string key_;
    bool plain_ = false;  // digits and dots only, no leading zeros: prefixes can be told by the text
};

}  // namespace aimlock
