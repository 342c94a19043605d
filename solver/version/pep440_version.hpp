#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock {

/// A Python package version (PEP 440). Kept as its normalised text and a sort key: comparing is comparing
/// bytes.
class Pep440Version {
public:
    /// The version 0.
    Pep440Version() : Pep440Version(*parse("0")) {}

    /// Reads a version, surrounding blanks allowed, in any spelling that PEP 440 normalises (`v1.0-RC.1`).
    /// Numbers of any length are kept exactly.
    static Result<Pep440Version> parse(std::string_view text);

    /// The normalised spelling, local part included: "1.0rc1+cu126".
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The normalised spelling without the local part.
    [[nodiscard]] std::string public_text() const { return text_.substr(0, public_text_size_); }
    /// The shortest spelling of an equal version: without trailing zeros of the release ("1.0.0rc1" gives
    /// "1rc1").
    [[nodiscard]] std::string canonical_text() const;

    [[nodiscard]] std::vector<std::string> release() const;  ///< digits without leading zeros; "0" for 0
    [[nodiscard]] std::uint64_t major() const {
        return release_number(0);
    }  ///< first of the release; saturates
    [[nodiscard]] std::uint64_t minor() const {
        return release_number(1);
    }                                                                  ///< second, 0 when absent; saturates
    [[nodiscard]] bool is_prerelease() const { return pre_ || dev_; }  ///< a, b, rc or dev
    [[nodiscard]] bool is_postrelease() const { return post_; }
    [[nodiscard]] bool is_devrelease() const { return dev_; }
    [[nodiscard]] bool has_local() const { return public_text_size_ < text_.size(); }
    [[nodiscard]] std::string local_text() const;

    /// PEP 440 order; the local part counts, trailing zeros of the release do not.
    friend std::strong_ordering operator<=>(const Pep440Version& a, const Pep440Version& b) {
        return a.key_.compare(b.key_) <=> 0;
    }
    friend bool operator==(const Pep440Version& a, const Pep440Version& b) { return a.key_ == b.key_; }

    /// This version with parts taken off; what specifiers compare with.
    [[nodiscard]] Pep440Version without_local() const;
    [[nodiscard]] Pep440Version base() const;  ///< epoch and release only

    /// The sort key up to the part named. Equal keys mean equal parts; byte order is version order.
    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view release_key() const {
        return key().substr(0, release_key_size_);
    }  ///< epoch too
    [[nodiscard]] std::string_view pre_key() const { return key().substr(0, pre_key_size_); }
    [[nodiscard]] std::string_view post_key() const { return key().substr(0, post_key_size_); }
    [[nodiscard]] std::string_view public_key() const { return key().substr(0, public_key_size_); }
    /// True when epoch and the first `numbers` of the release are those of `other`, zeros added where one is
    /// shorter: what `==1.2.*` asks.
    [[nodiscard]] bool shares_release(const Pep440Version& other, std::size_t numbers) const;
    [[nodiscard]] std::size_t release_size() const {
        return release_size_;
    }  ///< how many numbers, as written

private:
    friend class Pep440Reader;
    struct Unread {};
    explicit Pep440Version(Unread) {}
    [[nodiscard]] std::uint64_t release_number(std::size_t index) const;
    [[nodiscard]] std::string_view release_text() const;

    std::string text_;
    std::string key_;
    std::uint32_t base_text_size_ = 0;
    std::uint32_t public_text_size_ = 0;
    std::uint32_t release_key_size_ = 0;  // trailing zeros are not in the key
    std::uint32_t pre_key_size_ = 0;
    std::uint32_t post_key_size_ = 0;
    std::uint32_t public_key_size_ = 0;
    std::uint32_t release_size_ = 0;
    bool pre_ = false;
    bool post_ = false;
    bool dev_ = false;
};

}  // namespace aimlock
