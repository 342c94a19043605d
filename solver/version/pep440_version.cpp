#include "solver/version/pep440_version.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "solver/version/ascii.hpp"
#include "solver/version/sort_key.hpp"

// The key of a version, part by part; each part begins with a byte that orders the kinds of the part:
//   epoch, release numbers, end_of_release
//   pre     1 none but dev ("1.0.dev1" sorts before "1.0a1"), 2 a, 3 b, 4 rc, 5 none
//   post    1 none, 2 number
//   dev     1 number, 2 none
//   local   per segment 2 letters 0 or 3 number, then 1; absent when there is none
namespace aimlock {
namespace {

constexpr char end_of_release = '\x01';

struct Spelling {
    std::string_view written;
    std::string_view normal;
    char key;
};
// Longer spellings first: "alpha" is not "a" followed by "lpha".
constexpr std::array pre_spellings{Spelling{"preview", "rc", '\x04'}, Spelling{"alpha", "a", '\x02'},
                                   Spelling{"beta", "b", '\x03'},     Spelling{"pre", "rc", '\x04'},
                                   Spelling{"rc", "rc", '\x04'},      Spelling{"a", "a", '\x02'},
                                   Spelling{"b", "b", '\x03'},        Spelling{"c", "rc", '\x04'}};
constexpr std::array post_spellings{Spelling{"post", ".post", '\x02'}, Spelling{"rev", ".post", '\x02'},
                                    Spelling{"r", ".post", '\x02'}};
constexpr std::array dev_spellings{Spelling{"dev", ".dev", '\x01'}};

constexpr bool is_separator(char c) {
    return c == '.' || c == '-' || c == '_';
}

std::string_view or_zero(std::string_view digits) {
    return digits.empty() ? "0" : digits;
}

}  // namespace

/// Reads the parts of a version in order, writing text and key as it goes.
class Pep440Reader {
public:
    explicit Pep440Reader(std::string_view text) : rest_(text) {}

    std::optional<Pep440Version> read() {
        if (!rest_.empty() && to_lower(rest_.front()) == 'v') rest_.remove_prefix(1);
        if (!read_epoch_and_release()) return std::nullopt;
        read_pre();
        read_post();
        read_dev();
        version_.public_text_size_ = text_size();
        version_.public_key_size_ = key_size();
        if (!read_local() || !rest_.empty()) return std::nullopt;
        return std::move(version_);
    }

private:
    [[nodiscard]] std::uint32_t text_size() const {
        return static_cast<std::uint32_t>(version_.text_.size());
    }
    [[nodiscard]] std::uint32_t key_size() const { return static_cast<std::uint32_t>(version_.key_.size()); }

    std::string_view take_digits() {
        std::size_t size = 0;
        while (size < rest_.size() && is_digit(rest_[size])) ++size;
        const std::string_view digits = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return digits;
    }

    void append_number(std::string_view digits) {
        digits = without_leading_zeros(digits);
        version_.text_ += or_zero(digits);
        append_key_number(version_.key_, digits);
    }

    bool read_epoch_and_release() {
        std::string_view digits = take_digits();
        if (digits.empty()) return false;
        if (!rest_.empty() && rest_.front() == '!') {
            const std::string_view epoch = without_leading_zeros(digits);
            append_key_number(version_.key_, epoch);
            if (!epoch.empty()) version_.text_.append(epoch).append("!");
            rest_.remove_prefix(1);
            digits = take_digits();
            if (digits.empty()) return false;
        } else {
            append_key_number(version_.key_, {});
        }
        version_.release_key_size_ = key_size();
        add_release_number(digits);
        while (rest_.size() > 1 && rest_[0] == '.' && is_digit(rest_[1])) {
            rest_.remove_prefix(1);
            version_.text_ += '.';
            add_release_number(take_digits());
        }
        version_.key_.resize(version_.release_key_size_);
        version_.key_ += end_of_release;
        version_.base_text_size_ = text_size();
        return true;
    }

    void add_release_number(std::string_view digits) {
        append_number(digits);
        ++version_.release_size_;
        if (!without_leading_zeros(digits).empty()) version_.release_key_size_ = key_size();
    }

    /// `[._-]? word [._-]? digits?`; leaves `rest_` alone where no word of the list follows.
    template <std::size_t N>
    const Spelling* take_word(const std::array<Spelling, N>& words) {
        std::string_view text = rest_;
        if (!text.empty() && is_separator(text.front())) text.remove_prefix(1);
        for (const Spelling& word : words) {
            if (!starts_with_nocase(text, word.written)) continue;
            text.remove_prefix(word.written.size());
            if (!text.empty() && is_separator(text.front())) text.remove_prefix(1);
            rest_ = text;
            return &word;
        }
        return nullptr;
    }

    void append_part(const Spelling& word) {
        version_.text_ += word.normal;
        version_.key_ += word.key;
        append_number(take_digits());
    }

    void read_pre() {
        if (const Spelling* word = take_word(pre_spellings)) {
            version_.pre_ = true;
            append_part(*word);
        } else {
            version_.key_ += '\x05';  // read_dev lowers it where only dev follows
        }
        version_.pre_key_size_ = key_size();
    }

    void read_post() {
        if (rest_.size() > 1 && rest_[0] == '-' && is_digit(rest_[1])) {
            rest_.remove_prefix(1);
            version_.post_ = true;
            append_part(post_spellings[0]);
        } else if (const Spelling* word = take_word(post_spellings)) {
            version_.post_ = true;
            append_part(*word);
        } else {
            version_.key_ += '\x01';
        }
        version_.post_key_size_ = key_size();
    }

    void read_dev() {
        const Spelling* word = take_word(dev_spellings);
        if (word == nullptr) {
            version_.key_ += '\x02';
            return;
        }
        version_.dev_ = true;
        append_part(*word);
        if (!version_.pre_ && !version_.post_) version_.key_[version_.pre_key_size_ - 1] = '\x01';
    }

    bool read_local() {
        if (rest_.empty()) return true;
        if (rest_.front() != '+') return false;
        version_.text_ += '+';
        do {
            rest_.remove_prefix(1);
            std::size_t size = 0;
            while (size < rest_.size() && is_alnum(rest_[size])) ++size;
            if (size == 0) return false;
            append_local_segment(rest_.substr(0, size));
            rest_.remove_prefix(size);
        } while (!rest_.empty() && is_separator(rest_.front()) && (version_.text_ += '.', true));
        version_.key_ += '\x01';
        return true;
    }

    void append_local_segment(std::string_view segment) {
        if (segment.find_first_not_of("0123456789") == std::string_view::npos) {
            version_.key_ += '\x03';
            append_number(segment);
            return;
        }
        const std::string lower = to_lower(segment);
        version_.text_ += lower;
        version_.key_.append(1, '\x02').append(lower).append(1, '\0');
    }

    std::string_view rest_;
    Pep440Version version_{Pep440Version::Unread{}};
};

namespace {

/// Blanks of Unicode that Python's regular expressions take for blanks, in UTF-8; those of ASCII are strip's.
constexpr std::array<std::string_view, 23> wide_blanks{
    "\x1c",         "\x1d",         "\x1e",         "\x1f",         "\xc2\x85",     "\xc2\xa0",
    "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
    "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

std::string_view without_blanks(std::string_view text) {
    for (std::size_t before = 0; before != text.size();) {
        before = text.size();
        text = strip(text);
        for (const std::string_view blank : wide_blanks) {
            if (text.starts_with(blank)) text.remove_prefix(blank.size());
            if (text.ends_with(blank)) text.remove_suffix(blank.size());
        }
    }
    return text;
}

}  // namespace

Result<Pep440Version> Pep440Version::parse(std::string_view text) {
    if (std::optional<Pep440Version> version = Pep440Reader(strip(text)).read()) return *std::move(version);
    if (std::optional<Pep440Version> version = Pep440Reader(without_blanks(text)).read())
        return *std::move(version);
    return fail(ErrorCode::syntax, "`" + std::string(text) + "` is not a PEP 440 version",
                "write a version such as `1.2`, `1.2rc1` or `1.2.post3`");
}

std::string_view Pep440Version::release_text() const {
    std::string_view base = std::string_view(text_).substr(0, base_text_size_);
    if (const std::size_t epoch = base.find('!'); epoch != std::string_view::npos)
        base.remove_prefix(epoch + 1);
    return base;
}

std::vector<std::string> Pep440Version::release() const {
    std::vector<std::string> numbers;
    std::string_view rest = release_text();
    while (true) {
        const std::size_t dot = rest.find('.');
        numbers.emplace_back(rest.substr(0, dot));
        if (dot == std::string_view::npos) return numbers;
        rest.remove_prefix(dot + 1);
    }
}

std::uint64_t Pep440Version::release_number(std::size_t index) const {
    std::string_view rest = release_text();
    for (; index != 0; --index) {
        const std::size_t dot = rest.find('.');
        if (dot == std::string_view::npos) return 0;
        rest.remove_prefix(dot + 1);
    }
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t value = 0;
    for (const char c : rest.substr(0, rest.find('.'))) {
        if (value > (most - 9) / 10) return most;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

std::string Pep440Version::local_text() const {
    return has_local() ? text_.substr(public_text_size_ + 1) : std::string();
}

std::string Pep440Version::canonical_text() const {
    std::size_t keep = base_text_size_;
    while (keep > 2 && text_[keep - 1] == '0' && text_[keep - 2] == '.') keep -= 2;
    return text_.substr(0, keep) + text_.substr(base_text_size_);
}

Pep440Version Pep440Version::without_local() const {
    return has_local() ? *parse(public_text()) : *this;
}

Pep440Version Pep440Version::base() const {
    return base_text_size_ == text_.size() ? *this
                                           : *parse(std::string_view(text_).substr(0, base_text_size_));
}

bool Pep440Version::shares_release(const Pep440Version& other, std::size_t numbers) const {
    std::string_view mine = release_key();
    std::string_view theirs = other.release_key();
    for (std::size_t i = 0; i <= numbers; ++i) {  // the epoch comes first
        const std::string_view a = mine.empty() ? key_of_zero : mine.substr(0, key_number_size(mine));
        const std::string_view b = theirs.empty() ? key_of_zero : theirs.substr(0, key_number_size(theirs));
        if (a != b) return false;
        mine.remove_prefix(std::min(a.size(), mine.size()));
        theirs.remove_prefix(std::min(b.size(), theirs.size()));
    }
    return true;
}

}  // namespace aimlock
