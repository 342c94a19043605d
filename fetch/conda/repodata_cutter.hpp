#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// Cuts the text of a repodata.json, arriving in pieces, into texts that a JSON parser can take one by one:
///
///     {"info":{…},"packages":{"a.tar.bz2":{…},"b.tar.bz2":{…}},"packages.conda":{…},"removed":[…]}
///
/// A value of the outer object that is an object named `packages…` is emitted in runs of whole entries, each
/// wrapped in braces; every other value is emitted once, whole (`signatures` are not: nobody reads them).
/// Only strings and brackets are looked at, so any layout and any nesting is cut right. It holds no
/// more than a chunk in memory.
class RepodataCutter {
public:
    /// `text` is a whole JSON value; it may be moved from.
    using Emit = std::function<Result<void>(std::string_view key, std::string text)>;
    RepodataCutter(Emit emit, std::size_t chunk_size) : emit_(std::move(emit)), chunk_size_(chunk_size) {}

    /// Fails on what is no JSON object. Errors carry no document name: the caller adds it.
    Result<void> feed(std::string_view piece);
    /// To be called at the end: fails where the outer object is not closed.
    Result<void> finish();
    [[nodiscard]] std::uint64_t bytes_seen() const { return seen_; }

private:
    enum class Wants : std::uint8_t { nothing, whole, runs };
    void end_string(std::string_view piece, std::size_t at);
    Result<void> structural(std::string_view piece, std::size_t at);
    Result<void> end_value(std::string_view piece, std::size_t at);
    Result<void> cut_run(std::string_view piece, std::size_t at);
    void keep(std::string_view piece, std::size_t until);

    Emit emit_;
    std::size_t chunk_size_;
    std::string kept_;      // what is being collected: a key of the outer object, or a value
    std::string key_;       // of the outer object
    std::size_t from_ = 0;  // in the piece at hand: bytes from here on are not in kept_ yet
    bool keeping_ = false;
    bool in_string_ = false;
    bool escaped_ = false;  // the piece ended behind a backslash
    bool in_key_ = false;
    bool expects_key_ = false;
    bool closed_ = false;
    unsigned depth_ = 0;  // 1 inside the outer object, 2 inside a section, 3 inside a record
    Wants wants_ = Wants::nothing;
    std::uint64_t seen_ = 0;
};

}  // namespace aimlock
