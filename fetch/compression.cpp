#include "fetch/compression.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <bzlib.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>

namespace aimlock {
namespace {

constexpr std::size_t piece_size = std::size_t{2} << 20U;

/// A piece is no greater than what a document most likely grows to: shards come by the hundred.
std::size_t piece_size_for(std::string_view compressed) {
    return std::clamp(compressed.size() * 16, std::size_t{32} << 10U, piece_size);
}

struct DeflateFree {
    void operator()(libdeflate_decompressor* d) const noexcept { ::libdeflate_free_decompressor(d); }
};
using Deflate = std::unique_ptr<libdeflate_decompressor, DeflateFree>;
struct ZstdFree {
    void operator()(ZSTD_DStream* d) const noexcept { ::ZSTD_freeDStream(d); }
};

tl::unexpected<Error> too_big(const std::string& what, std::uint64_t limit) {
    return fail(ErrorCode::integrity,
                fmt::format("{}: grows beyond the limit of {} bytes when decompressed", what, limit),
                "Report it if the document really is that big");
}

}  // namespace

std::uint64_t GrowthLimit::of(std::uint64_t compressed) const {
    return std::min(bytes, std::max(compressed * ratio, std::uint64_t{1} << 20U));
}

Result<std::string> inflate_gzip(std::string_view compressed, const std::string& what, GrowthLimit limit) {
    const std::uint64_t cap = limit.of(compressed.size());
    if (compressed.size() < 18) return fail(ErrorCode::network, what + ": truncated gzip document");
    std::uint32_t stated = 0;  // size modulo 2^32 of the last member: a guess, never trusted
    std::memcpy(&stated, compressed.data() + compressed.size() - 4, 4);
    const Deflate inflater(::libdeflate_alloc_decompressor());
    std::string text;
    std::size_t used = 0;
    std::size_t room =
        stated <= cap ? std::max<std::size_t>(stated, 1) : std::min<std::size_t>(cap, compressed.size() * 8);
    while (!compressed.empty()) {
        text.resize(used + room);
        std::size_t consumed = 0;
        std::size_t written = 0;
        const libdeflate_result rc =
            ::libdeflate_gzip_decompress_ex(inflater.get(), compressed.data(), compressed.size(),
                                            text.data() + used, room, &consumed, &written);
        if (rc == LIBDEFLATE_INSUFFICIENT_SPACE) {
            if (used + room >= cap) return too_big(what, cap);
            room = static_cast<std::size_t>(std::min<std::uint64_t>(cap - used, room * 2 + 4096));
            continue;
        }
        if (rc != LIBDEFLATE_SUCCESS)
            return fail(ErrorCode::network, what + ": damaged or truncated gzip document");
        used += written;
        compressed.remove_prefix(consumed);
        room = std::max<std::size_t>(room - written, 4096);
        if (!compressed.empty() && !compressed.starts_with("\x1f\x8b"))
            break;  // padding behind the last member
    }
    text.resize(used);
    text.reserve(used + text_padding);
    return text;
}

Result<std::string> inflate_raw(std::string_view compressed, std::uint64_t size, const std::string& what) {
    const std::uint64_t cap = GrowthLimit{std::uint64_t{1} << 26U, 1032}.of(compressed.size());
    if (size > cap) return too_big(what, cap);
    const Deflate inflater(::libdeflate_alloc_decompressor());
    std::string text(static_cast<std::size_t>(size), '\0');
    std::size_t written = 0;
    const libdeflate_result rc = ::libdeflate_deflate_decompress(
        inflater.get(), compressed.data(), compressed.size(), text.data(), text.size(), &written);
    if (rc != LIBDEFLATE_SUCCESS || written != size)
        return fail(ErrorCode::integrity, what + ": damaged deflate member");
    return text;
}

std::string compress_zstd(std::string_view text) {
    std::string out(::ZSTD_compressBound(text.size()), '\0');
    const std::size_t size = ::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1);
    out.resize(::ZSTD_isError(size) != 0U ? 0 : size);
    return out;
}

Result<std::string> decompress_zstd(std::string_view compressed, const std::string& what, GrowthLimit limit) {
    const auto stated = ::ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    const std::uint64_t cap = limit.of(compressed.size());
    if (stated == ZSTD_CONTENTSIZE_ERROR || stated == ZSTD_CONTENTSIZE_UNKNOWN) {
        return fail(ErrorCode::integrity, what + ": not a zstd document of known size");
    }
    if (stated > cap) return too_big(what, cap);
    std::string text;
    text.reserve(static_cast<std::size_t>(stated) + text_padding);
    text.resize(static_cast<std::size_t>(stated));
    const std::size_t size =
        ::ZSTD_decompress(text.data(), text.size(), compressed.data(), compressed.size());
    if (::ZSTD_isError(size) != 0U || size != stated)
        return fail(ErrorCode::integrity, what + ": damaged zstd document");
    return text;
}

namespace {

Result<void> stream_zstd(std::string_view compressed,
                         const std::string& what,
                         std::uint64_t cap,
                         const PieceSink& sink) {
    const std::unique_ptr<ZSTD_DStream, ZstdFree> stream(::ZSTD_createDStream());
    std::vector<char> piece(piece_size_for(compressed));
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    std::uint64_t total = 0;
    std::size_t rest = 1;  // 0 after a whole frame
    bool more = true;
    while (more) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        while (out.pos < out.size && (more = in.pos < in.size || rest != 0)) {
            const std::size_t before = out.pos;
            const std::size_t in_before = in.pos;
            rest = ::ZSTD_decompressStream(stream.get(), &out, &in);
            if (::ZSTD_isError(rest) != 0U) {
                return fail(ErrorCode::repodata,
                            fmt::format("{}: damaged zstd stream ({})", what, ::ZSTD_getErrorName(rest)));
            }
            if (rest != 0 && in.pos == in.size && in_before == in.pos && out.pos == before) {
                return fail(ErrorCode::repodata, what + ": truncated zstd stream");
            }
        }
        total += out.pos;
        if (total > cap) return too_big(what, cap);
        if (auto taken = sink({piece.data(), out.pos}); !taken) return taken;
    }
    return {};
}

Result<void> stream_bz2(std::string_view compressed,
                        const std::string& what,
                        std::uint64_t cap,
                        const PieceSink& sink) {
    std::vector<char> piece(piece_size_for(compressed));
    std::string input(compressed);  // bzlib's interface wants mutable bytes
    bz_stream stream{};
    const auto close = [](bz_stream* s) { ::BZ2_bzDecompressEnd(s); };
    if (::BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
        return fail(ErrorCode::internal, "bzip2 cannot start");
    const std::unique_ptr<bz_stream, decltype(close)> guard(&stream, close);
    stream.next_in = input.data();
    stream.avail_in = static_cast<unsigned>(input.size());
    std::uint64_t total = 0;
    int rc = BZ_OK;
    while (rc != BZ_STREAM_END) {
        stream.next_out = piece.data();
        stream.avail_out = static_cast<unsigned>(piece.size());
        rc = ::BZ2_bzDecompress(&stream);
        if (rc != BZ_OK && rc != BZ_STREAM_END)
            return fail(ErrorCode::repodata, what + ": damaged bzip2 stream");
        const std::size_t size = piece.size() - stream.avail_out;
        if (rc == BZ_OK && stream.avail_in == 0 && size == 0)
            return fail(ErrorCode::repodata, what + ": truncated bzip2 stream");
        total += size;
        if (total > cap) return too_big(what, cap);
        if (auto taken = sink({piece.data(), size}); !taken) return taken;
    }
    return {};
}

}  // namespace

Result<void> decompress_stream(std::string_view kind,
                               std::string_view compressed,
                               const std::string& what,
                               GrowthLimit limit,
                               const PieceSink& sink) {
    const std::uint64_t cap = limit.of(compressed.size());
    if (kind == ".zst") return stream_zstd(compressed, what, cap, sink);
    if (kind == ".bz2") return stream_bz2(compressed, what, cap, sink);
    if (compressed.size() > limit.bytes) return too_big(what, limit.bytes);
    for (std::size_t at = 0; at < compressed.size(); at += piece_size) {
        if (auto taken = sink(compressed.substr(at, piece_size)); !taken) return taken;
    }
    return {};
}

}  // namespace aimlock
