#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// How much a compressed document may grow. What exceeds either bound is an error that names the bound.
struct GrowthLimit {
    std::uint64_t bytes = std::uint64_t{1} << 30U;
    std::uint64_t ratio =
        300;  ///< of the compressed size; small documents may grow to 1 MiB whatever the ratio
    [[nodiscard]] std::uint64_t of(std::uint64_t compressed) const;
};

/// Unused bytes that every decompressed text has behind its end, as simdjson wants them.
inline constexpr std::size_t text_padding = 64;

/// Inflates a gzip document (all members). `what` names it in errors.
Result<std::string> inflate_gzip(std::string_view compressed,
                                 const std::string& what,
                                 GrowthLimit limit = {});
/// Inflates one raw deflate member of known size (ZIP).
Result<std::string> inflate_raw(std::string_view compressed, std::uint64_t size, const std::string& what);
/// One zstd frame at level 1.
std::string compress_zstd(std::string_view text);
Result<std::string> decompress_zstd(std::string_view compressed,
                                    const std::string& what,
                                    GrowthLimit limit = {});

/// Receives decompressed pieces in order; an error stops the stream and is passed on.
using PieceSink = std::function<Result<void>(std::string_view piece)>;
/// Streams zstd, bzip2 or plain text (`kind` is the file name's end: ".zst", ".bz2", ".json") in pieces of
/// some 2 MB. A stream that ends early is an error of code `repodata`.
Result<void> decompress_stream(std::string_view kind,
                               std::string_view compressed,
                               const std::string& what,
                               GrowthLimit limit,
                               const PieceSink& sink);

}  // namespace aimlock
