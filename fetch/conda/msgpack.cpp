#include "fetch/conda/msgpack.hpp"

#include <bit>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "solver/base/digest.hpp"

namespace aimlock {
namespace {

using Kind = MsgpackToken::Kind;

MsgpackToken number_token(std::string text) {
    MsgpackToken token;
    token.kind = Kind::number;
    token.number = std::move(text);
    return token;
}

std::string real_text(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : std::string("null");
}

/// The low `size` bytes of `bits` as a signed number.
std::int64_t as_signed(std::uint64_t bits, std::size_t size) {
    const unsigned unused = 64U - 8U * static_cast<unsigned>(size);
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out += c;
        }
    }
    out += '"';
}

std::string hex_of(std::string_view bytes) {
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

std::nullopt_t MsgpackReader::damaged() {
    good_ = false;
    left_ = {};
    return std::nullopt;
}

std::uint64_t MsgpackReader::big_endian(std::size_t size) {
    if (size > left_.size()) {
        damaged();
        return 0;
    }
    std::uint64_t value = 0;
    for (const char c : left_.substr(0, size)) value = value << 8U | static_cast<unsigned char>(c);
    left_.remove_prefix(size);
    return value;
}

std::optional<MsgpackToken> MsgpackReader::sized(Kind kind, std::uint64_t size) {
    if (!good_ || size > left_.size()) return damaged();
    MsgpackToken token;
    token.kind = kind;
    token.content = left_.substr(0, static_cast<std::size_t>(size));
    left_.remove_prefix(static_cast<std::size_t>(size));
    return token;
}

std::optional<MsgpackToken> MsgpackReader::counted(Kind kind, std::uint64_t count) {
    // Each value takes a byte at least.
    const std::uint64_t least = kind == Kind::map ? 2 * count : count;
    if (!good_ || least > left_.size()) return damaged();
    MsgpackToken token;
    token.kind = kind;
    token.count = static_cast<std::uint32_t>(count);
    return token;
}

std::optional<MsgpackToken> MsgpackReader::number(std::uint8_t tag) {
    if (tag == 0xca || tag == 0xcb) {
        const std::uint64_t bits = big_endian(tag == 0xca ? 4 : 8);
        if (!good_) return std::nullopt;
        const double value = tag == 0xca ? double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))}
                                         : std::bit_cast<double>(bits);
        return number_token(real_text(value));
    }
    const std::size_t size = std::size_t{1} << (tag & 3U);
    const std::uint64_t bits = big_endian(size);
    if (!good_) return std::nullopt;
    return number_token(tag < 0xd0 ? std::to_string(bits) : std::to_string(as_signed(bits, size)));
}

std::optional<MsgpackToken> MsgpackReader::long_form(std::uint8_t tag) {
    MsgpackToken token;
    switch (tag) {
        case 0xc0:
            return token;
        case 0xc2:
        case 0xc3:
            token.kind = Kind::boolean;
            token.truth = tag == 0xc3;
            return token;
        case 0xc4:
        case 0xc5:
        case 0xc6:
            return sized(Kind::bytes, big_endian(std::size_t{1} << (tag - 0xc4U)));
        case 0xc7:
        case 0xc8:
        case 0xc9:  // a type follows the size
            return sized(Kind::extension, big_endian(std::size_t{1} << (tag - 0xc7U)) + 1);
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return sized(Kind::extension, (std::uint64_t{1} << (tag - 0xd4U)) + 1);
        case 0xd9:
        case 0xda:
        case 0xdb:
            return sized(Kind::text, big_endian(std::size_t{1} << (tag - 0xd9U)));
        case 0xdc:
        case 0xdd:
            return counted(Kind::array, big_endian(tag == 0xdc ? 2 : 4));
        case 0xde:
        case 0xdf:
            return counted(Kind::map, big_endian(tag == 0xde ? 2 : 4));
        case 0xc1:
            return damaged();
        default:
            return number(tag);
    }
}

std::optional<MsgpackToken> MsgpackReader::next() {
    if (left_.empty()) return damaged();
    const auto tag = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    if (tag < 0x80) return number_token(std::to_string(tag));
    if (tag < 0x90) return counted(Kind::map, tag & 0x0fU);
    if (tag < 0xa0) return counted(Kind::array, tag & 0x0fU);
    if (tag < 0xc0) return sized(Kind::text, tag & 0x1fU);
    if (tag >= 0xe0) return number_token(std::to_string(as_signed(tag, 1)));
    return long_form(tag);
}

std::optional<std::uint32_t> MsgpackReader::map() {
    const auto token = next();
    if (!token || token->kind != Kind::map) return damaged();
    return token->count;
}

std::optional<std::string_view> MsgpackReader::text() {
    const auto token = next();
    if (!token || token->kind != Kind::text) return damaged();
    return token->content;
}

bool MsgpackReader::skip() {
    // Values, not levels, are counted: no depth is too deep for that.
    for (std::uint64_t open = 1; open != 0; --open) {
        const auto token = next();
        if (!token) return false;
        if (token->kind == Kind::array) open += token->count;
        if (token->kind == Kind::map) open += std::uint64_t{2} * token->count;
    }
    return true;
}

bool MsgpackReader::append_json(std::string& out, unsigned level) {
    const auto token = next();
    if (!token) return false;
    switch (token->kind) {
        case Kind::nil:
        case Kind::extension:
            out += "null";
            return true;
        case Kind::boolean:
            out += token->truth ? "true" : "false";
            return true;
        case Kind::number:
            out += token->number;
            return true;
        case Kind::text:
            append_json_text(out, token->content);
            return true;
        case Kind::bytes:
            append_json_text(out, hex_of(token->content));
            return true;
        default:
            return append_members(out, *token, level + 1);
    }
}

bool MsgpackReader::append_members(std::string& out, const MsgpackToken& token, unsigned level) {
    if (level > most_levels) {
        damaged();
        return false;
    }
    const bool is_map = token.kind == Kind::map;
    out += is_map ? '{' : '[';
    for (std::uint32_t i = 0; i < token.count; ++i) {
        if (i != 0) out += ',';
        if (is_map) {
            const auto key = text();
            if (!key) return false;
            append_json_text(out, *key);
            out += ':';
        }
        if (!append_json(out, level)) return false;
    }
    out += is_map ? '}' : ']';
    return true;
}

}  // namespace aimlock
