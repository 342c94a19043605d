#include "lock/lock_lines.hpp"

#include <algorithm>
#include <utility>

namespace aimlock {
namespace {

constexpr std::size_t max_blocks = 400'000;
constexpr std::size_t max_keys = 64;
constexpr std::string_view solve_again = "run `aimlock solve` to write the lock anew";

bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Reads the value of one line, from its first byte on.
class ValueReader {
public:
    ValueReader(std::string_view line, std::size_t at, const SourcePos& line_pos)
        : line_(line), at_(at), pos_(line_pos) {}

    Result<LockValue> read() {
        Result<LockValue> value = read_any();
        if (value && at_ != line_.size()) return wrong("expected the end of the line after the value");
        return value;
    }

private:
    [[nodiscard]] bool sees(char c) const { return at_ < line_.size() && line_[at_] == c; }
    [[nodiscard]] tl::unexpected<Error> wrong(std::string message) const {
        return fail_at(ErrorCode::lock, std::move(message), advanced(pos_, at_), std::string(solve_again));
    }

    Result<LockValue> read_any() {
        if (sees('"')) return read_text().map([](std::string text) { return LockValue(std::move(text)); });
        if (sees('[')) return read_list();
        if (line_.substr(at_) == "true" || line_.substr(at_) == "false") {
            const bool value = line_[at_] == 't';
            at_ = line_.size();
            return LockValue(value);
        }
        return read_number();
    }

    Result<LockValue> read_number() {
        const std::size_t begin = at_;
        std::uint64_t value = 0;
        while (at_ < line_.size() && line_[at_] >= '0' && line_[at_] <= '9') {
            value = value * 10 + static_cast<std::uint64_t>(line_[at_] - '0');
            ++at_;
            // TOML's integers end at 2^63-1, which has 19 digits.
            if (at_ - begin > 19 || value > INT64_MAX) return wrong("number is too large");
        }
        if (at_ == begin)
            return wrong("expected a value: a text in double quotes, a number, true, false or a list");
        if (at_ - begin > 1 && line_[begin] == '0') return wrong("number begins with 0");
        return LockValue(value);
    }

    Result<LockValue> read_list() {
        std::vector<std::string> values;
        ++at_;
        if (sees(']')) return close_list(std::move(values));
        while (true) {
            if (!sees('"')) return wrong("expected a text in double quotes");
            Result<std::string> value = read_text();
            if (!value) return tl::make_unexpected(std::move(value).error());
            values.push_back(*std::move(value));
            if (sees(']')) return close_list(std::move(values));
            if (line_.substr(at_, 2) != ", ") return wrong("expected `, ` or `]` in the list");
            at_ += 2;
        }
    }
    Result<LockValue> close_list(std::vector<std::string> values) {
        ++at_;
        return LockValue(std::move(values));
    }

    Result<std::string> read_text() {
        std::string text;
        for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
            if (line_[at_] != '\\') {
                text += line_[at_];
                continue;
            }
            const std::string_view escape = line_.substr(at_ + 1);
            if (escape.starts_with('"') || escape.starts_with('\\')) {
                text += escape[0];
                ++at_;
            } else if (const int code = control_code(escape); code >= 0) {
                text += static_cast<char>(code);
                at_ += 5;
            } else {
                return wrong("unknown escape in a text");
            }
        }
        if (at_ >= line_.size()) return wrong("text has no closing quote");
        ++at_;
        return text;
    }

    /// The value of `u00XX`, -1 for any other text.
    static int control_code(std::string_view escape) {
        static constexpr std::string_view digits = "0123456789abcdef";
        if (escape.size() < 5 || !escape.starts_with("u00")) return -1;
        const std::size_t high = digits.find(escape[3]);
        const std::size_t low = digits.find(escape[4]);
        if (high > 7 || low == std::string_view::npos) return -1;
        return static_cast<int>(high * 16 + low);
    }

    std::string_view line_;
    std::size_t at_;
    const SourcePos& pos_;
};

/// Fails on bytes that must not stand in a lock at all.
Result<void> check_bytes(std::string_view line, const SourcePos& pos) {
    for (std::size_t i = 0; i < line.size();) {
        const auto byte = static_cast<unsigned char>(line[i]);
        if (byte == '\r' && i + 1 == line.size()) {
            return fail_at(ErrorCode::lock, "line ends with CR LF, where the lock has LF", advanced(pos, i),
                           "write `aimlock.lock -text` into .gitattributes and check the file out again");
        }
        if (byte < 0x20 || byte == 0x7f) {
            return fail_at(ErrorCode::lock, "control character in the lock", advanced(pos, i),
                           std::string(solve_again));
        }
        const std::size_t length = utf8_sequence(line.substr(i));
        if (length == 0) {
            return fail_at(ErrorCode::lock, "lock is not UTF-8", advanced(pos, i), std::string(solve_again));
        }
        i += length;
    }
    return {};
}

Result<LockEntry> read_entry(std::string_view line, const SourcePos& pos) {
    const auto end = std::ranges::find_if_not(line, is_key_character);
    const auto length = static_cast<std::size_t>(end - line.begin());
    if (length == 0) {
        return fail_at(ErrorCode::lock, "expected `key = value` or `[[block]]`", pos,
                       std::string(solve_again));
    }
    if (line.substr(length, 3) != " = ") {
        return fail_at(ErrorCode::lock, "expected ` = ` after the key", advanced(pos, length),
                       std::string(solve_again));
    }
    Result<LockValue> value = ValueReader(line, length + 3, pos).read();
    if (!value) return tl::make_unexpected(std::move(value).error());
    return LockEntry{std::string(line.substr(0, length)), *std::move(value), pos.line,
                     advanced(pos, length + 3).column};
}

Result<void> read_line(std::string_view line, const SourcePos& pos, std::vector<LockBlock>& blocks) {
    for (const std::string_view marker : {"<<<<<<<", "|||||||", "=======", ">>>>>>>"}) {
        if (line.starts_with(marker)) {
            return fail_at(
                ErrorCode::lock, "lock holds merge conflict markers", pos,
                "take either side of the file, merge the manifest by hand and run `aimlock solve`");
        }
    }
    if (line.starts_with("[")) {
        if (line.size() < 5 || !line.starts_with("[[") || !line.ends_with("]]") ||
            !std::ranges::all_of(line.substr(2, line.size() - 4), is_key_character)) {
            return fail_at(ErrorCode::lock, "expected a block such as `[[package]]`", pos,
                           std::string(solve_again));
        }
        if (blocks.size() > max_blocks) return fail_at(ErrorCode::lock, "lock has too many blocks", pos);
        blocks.push_back({std::string(line.substr(2, line.size() - 4)), pos.line, {}});
        return {};
    }
    Result<LockEntry> entry = read_entry(line, pos);
    if (!entry) return tl::make_unexpected(std::move(entry).error());
    // Also what keeps the search for a second key short.
    if (blocks.back().entries.size() >= max_keys)
        return fail_at(ErrorCode::lock, "block has too many keys", pos);
    if (std::ranges::find(blocks.back().entries, entry->key, &LockEntry::key) !=
        blocks.back().entries.end()) {
        return fail_at(ErrorCode::lock, "key `" + entry->key + "` stands twice in one block", pos,
                       std::string(solve_again));
    }
    blocks.back().entries.push_back(*std::move(entry));
    return {};
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text.empty()) return 0;
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
    }
    // Overlong forms, surrogates and what lies above U+10FFFF.
    const unsigned second = byte(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return length;
}

Result<std::vector<LockBlock>> read_lock_lines(std::string_view text, const std::string& file) {
    SourcePos pos{file, 1, 1};
    if (text.starts_with("\xef\xbb\xbf")) {
        return fail_at(ErrorCode::lock, "lock begins with a byte order mark", pos, std::string(solve_again));
    }
    std::vector<LockBlock> blocks{{{}, 1, {}}};
    for (; !text.empty(); ++pos.line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return fail_at(ErrorCode::lock, "last line has no end: the lock is cut short", pos,
                           std::string(solve_again));
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (Result<void> bytes = check_bytes(line, pos); !bytes)
            return tl::make_unexpected(std::move(bytes).error());
        if (line.empty() || line.starts_with('#')) continue;
        if (Result<void> read = read_line(line, pos, blocks); !read)
            return tl::make_unexpected(std::move(read).error());
    }
    return blocks;
}

}  // namespace aimlock
