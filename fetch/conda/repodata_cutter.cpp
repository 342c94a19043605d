#include "fetch/conda/repodata_cutter.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace aimlock {
namespace {

/// The characters outside strings at which something happens.
constexpr std::array<bool, 256> make_structural() {
    std::array<bool, 256> table{};
    for (const char c : {'"', '{', '}', '[', ']', ',', ':'}) table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> is_structural = make_structural();

/// Where a string that goes on at `at` ends: the index of its quote, or the size of `text`. `escaped` is
/// carried over.
std::size_t end_of_string(std::string_view text, std::size_t at, bool& escaped) {
    while (at < text.size()) {
        if (std::exchange(escaped, false)) {
            ++at;
            continue;
        }
        const void* quote = std::memchr(text.data() + at, '"', text.size() - at);
        const std::size_t end = quote == nullptr
                                    ? text.size()
                                    : static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
        const void* slash = std::memchr(text.data() + at, '\\', end - at);
        if (slash == nullptr) return end;
        at = static_cast<std::size_t>(static_cast<const char*>(slash) - text.data()) + 1;
        escaped = true;
    }
    return text.size();
}

bool is_section(std::string_view key) {
    return key == "packages" || key == "packages.conda" || key == "packages.whl";
}

}  // namespace

void RepodataCutter::keep(std::string_view piece, std::size_t until) {
    if (keeping_) kept_.append(piece, from_, until - from_);
    from_ = until;
}

Result<void> RepodataCutter::feed(std::string_view piece) {
    from_ = 0;
    std::size_t at = 0;
    while (at < piece.size()) {
        if (in_string_) {
            at = end_of_string(piece, at, escaped_);
            if (at < piece.size()) end_string(piece, at);
        } else if (is_structural[static_cast<unsigned char>(piece[at])]) {
            if (auto done = structural(piece, at); !done) return done;
        }
        ++at;
    }
    keep(piece, piece.size());
    seen_ += piece.size();
    return {};
}

void RepodataCutter::end_string(std::string_view piece, std::size_t at) {
    in_string_ = false;
    if (!in_key_) return;
    keep(piece, at);
    key_ = std::exchange(kept_, {});
    in_key_ = expects_key_ = keeping_ = false;
}

Result<void> RepodataCutter::structural(std::string_view piece, std::size_t at) {
    const char c = piece[at];
    if (closed_) return fail(ErrorCode::repodata, "text behind the end of the document");
    if (depth_ == 0 && c != '{') return fail(ErrorCode::repodata, "not a JSON object");
    switch (c) {
        case '"':
            in_string_ = true;
            in_key_ = depth_ == 1 && expects_key_;
            if (in_key_) {
                keeping_ = true;
                from_ = at + 1;
            }
            return {};
        case ':':
            if (depth_ != 1) return {};
            wants_ = is_section(key_) ? Wants::runs : key_ == "signatures" ? Wants::nothing : Wants::whole;
            keeping_ = wants_ != Wants::nothing;
            from_ = at + 1;
            return {};
        case ',':
            if (depth_ == 1) return end_value(piece, at);
            if (depth_ == 2 && wants_ == Wants::runs && kept_.size() + (at - from_) >= chunk_size_)
                return cut_run(piece, at);
            return {};
        case '{':
        case '[':
            expects_key_ = ++depth_ == 1;
            return {};
        default:
            break;
    }
    if (depth_ == 1) closed_ = true;
    Result<void> ended = depth_ == 1 ? end_value(piece, at) : Result<void>{};
    --depth_;
    return ended;
}

// The text at hand begins with the section's own brace, or, behind a cut, with the quote of a key or the
// closing brace.
Result<void> RepodataCutter::end_value(std::string_view piece, std::size_t at) {
    keep(piece, at);
    expects_key_ = true;
    keeping_ = false;
    const Wants wanted = std::exchange(wants_, Wants::nothing);
    if (wanted == Wants::nothing) return {};
    std::string text = std::exchange(kept_, {});
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool cut_before = first != std::string::npos && (text[first] == '"' || text[first] == '}');
    if (wanted == Wants::runs && cut_before) text.insert(0, "{");
    return emit_(key_, std::move(text));
}

Result<void> RepodataCutter::cut_run(std::string_view piece, std::size_t at) {
    keep(piece, at);
    from_ = at + 1;
    std::string text = std::exchange(kept_, {});
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && text[first] == '"') text.insert(0, "{");
    text += '}';
    kept_.reserve(text.size() + 4096);
    return emit_(key_, std::move(text));
}

Result<void> RepodataCutter::finish() {
    if (!closed_) return fail(ErrorCode::repodata, "the document is truncated");
    return {};
}

}  // namespace aimlock
