#include "image/replay/wheel_record.hpp"

#include <array>

#include <fmt/core.h>

namespace aimlock {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Takes one CSV field off the front of `text`; `last` is set when it ends its line.
Result<std::string> take_field(std::string_view& text, bool& last) {
    std::string field;
    if (text.starts_with('"')) {
        for (;;) {
            text.remove_prefix(1);
            const std::size_t quote = text.find('"');
            if (quote == std::string_view::npos)
                return fail(ErrorCode::archive, "RECORD has a quote without an end");
            field += text.substr(0, quote);
            text.remove_prefix(quote + 1);
            if (!text.starts_with('"')) break;
            field += '"';
        }
    } else {
        const std::size_t end = std::min(text.find_first_of(",\n"), text.size());
        field = text.substr(0, end);
        text.remove_prefix(end);
    }
    if (text.starts_with("\r\n")) text.remove_prefix(1);
    last = !text.starts_with(',');
    if (last && !text.empty() && !text.starts_with('\n')) {
        return fail(ErrorCode::archive, "RECORD has text behind a quoted field");
    }
    if (last && field.ends_with('\r')) field.pop_back();
    if (!text.empty()) text.remove_prefix(1);
    return field;
}

}  // namespace

Result<std::vector<RecordLine>> parse_record(std::string_view text) {
    std::vector<RecordLine> lines;
    while (!text.empty()) {
        std::vector<std::string> fields;
        for (bool last = false; !last;) {
            auto field = take_field(text, last);
            if (!field) return tl::make_unexpected(field.error());
            fields.push_back(std::move(*field));
        }
        if (fields.size() == 1 && fields[0].empty()) continue;
        if (fields.size() != 3 || fields[0].empty()) {
            return fail(ErrorCode::archive, fmt::format("RECORD has a line of {} fields", fields.size()));
        }
        lines.push_back({std::move(fields[0]), std::move(fields[1]), std::move(fields[2])});
    }
    return lines;
}

std::string record_hash(const Sha256& sha256) {
    std::string text = "sha256=";
    const auto& bytes = sha256.bytes;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i] << 16U) |
                                    static_cast<std::uint32_t>(left > 1 ? bytes[i + 1] << 8U : 0) |
                                    static_cast<std::uint32_t>(left > 2 ? bytes[i + 2] : 0);
        for (std::size_t j = 0; j < std::min<std::size_t>(left + 1, 4); ++j)
            text += digits[(group >> (18 - 6 * j)) & 63U];
    }
    return text;
}

std::optional<Sha256> record_sha256(std::string_view hash) {
    constexpr std::string_view algorithm = "sha256=";
    if (!hash.starts_with(algorithm)) return std::nullopt;
    hash.remove_prefix(algorithm.size());
    while (hash.ends_with('=')) hash.remove_suffix(1);
    if (hash.size() != 43) return std::nullopt;
    Sha256 digest;
    std::uint32_t bits = 0;
    unsigned count = 0;
    std::size_t filled = 0;
    for (const char c : hash) {
        const std::size_t value = digits.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        digest.bytes[filled++] = static_cast<std::uint8_t>(bits >> count);
    }
    return (bits & 3U) == 0 ? std::optional(digest) : std::nullopt;
}

std::string record_line(std::string_view path, const Sha256& sha256, std::uint64_t size_bytes) {
    std::string name(path);
    if (path.find_first_of(",\"\r\n") != std::string_view::npos) {
        name = "\"";
        for (const char c : path) name += c == '"' ? std::string("\"\"") : std::string(1, c);
        name += '"';
    }
    if (!sha256.known()) return fmt::format("{},,\n", name);
    return fmt::format("{},{},{}\n", name, record_hash(sha256), size_bytes);
}

}  // namespace aimlock
