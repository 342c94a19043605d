#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aimlock {

/// What stands first in a MessagePack text: a whole value, or how many values an array or a map holds.
struct MsgpackToken {
    enum class Kind : std::uint8_t { nil, boolean, number, text, bytes, array, map, extension };

    Kind kind = Kind::nil;
    bool truth = false;        ///< of a boolean
    std::string number;        ///< as JSON writes it; not finite: "null"
    std::string_view content;  ///< of texts, bytes and extensions: lies in what is read
    std::uint32_t count = 0;   ///< of an array: values; of a map: pairs
};

/// Reads MessagePack, from bytes that may be anything. Counts and sizes are believed only as far as bytes are
/// left for them, so that nothing is allocated or looped over that was not sent; values lie at most
/// `most_levels` deep. What is damaged ends the reading: `good` is false from then on.
class MsgpackReader {
public:
    static constexpr unsigned most_levels = 32;

    explicit MsgpackReader(std::string_view bytes) : left_(bytes) {}

    /// nullopt: damaged, or at the end.
    std::optional<MsgpackToken> next();
    /// The number of pairs of the map that stands next; nullopt: something else does.
    std::optional<std::uint32_t> map();
    /// The text that stands next, as keys do; nullopt: something else does.
    std::optional<std::string_view> text();
    /// Passes over one value, whatever it holds.
    bool skip();
    /// Appends the value that stands next as JSON. Bytes become hexadecimal digits (a record's hashes, CEP
    /// 16), extensions null. Texts are taken for UTF-8: whoever reads the JSON checks that.
    bool append_json(std::string& out) { return append_json(out, 0); }

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool finished() const { return good_ && left_.empty(); }

private:
    bool append_json(std::string& out, unsigned level);
    bool append_members(std::string& out, const MsgpackToken& token, unsigned level);
    std::nullopt_t damaged();
    std::uint64_t big_endian(std::size_t size);
    std::optional<MsgpackToken> sized(MsgpackToken::Kind kind, std::uint64_t size);
    std::optional<MsgpackToken> counted(MsgpackToken::Kind kind, std::uint64_t count);
    std::optional<MsgpackToken> number(std::uint8_t tag);
    std::optional<MsgpackToken> long_form(std::uint8_t tag);

    std::string_view left_;
    bool good_ = true;
};

}  // namespace aimlock
