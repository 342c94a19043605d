#include "image/oci/compressed_block.hpp"

#include <memory>

#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>

namespace aimlock {
namespace {

constexpr int gzip_level = 6;
constexpr int zstd_level = 3;

struct DeflateFree {
    void operator()(libdeflate_compressor* c) const noexcept { ::libdeflate_free_compressor(c); }
};
struct ZstdFree {
    void operator()(ZSTD_CCtx* c) const noexcept { ::ZSTD_freeCCtx(c); }
};

std::string gzip_member(std::string_view bytes) {
    // Each thread keeps its own: a compressor is 1 MB of tables.
    thread_local const std::unique_ptr<libdeflate_compressor, DeflateFree> compressor(
        ::libdeflate_alloc_compressor(gzip_level));
    if (compressor == nullptr) return {};
    std::string out(::libdeflate_gzip_compress_bound(compressor.get(), bytes.size()), '\0');
    out.resize(
        ::libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
    return out;
}

std::string zstd_frame(std::string_view bytes) {
    thread_local const std::unique_ptr<ZSTD_CCtx, ZstdFree> context(::ZSTD_createCCtx());
    if (context == nullptr) return {};
    std::string out(::ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size =
        ::ZSTD_compressCCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size(), zstd_level);
    out.resize(::ZSTD_isError(size) != 0U ? 0 : size);
    return out;
}

}  // namespace

std::string_view compression_name(LayerCompression compression) {
    return compression == LayerCompression::gzip ? "gzip" : "zstd";
}

Result<LayerCompression> read_compression(std::string_view name) {
    if (name == "gzip") return LayerCompression::gzip;
    if (name == "zstd") return LayerCompression::zstd;
    return fail(ErrorCode::usage, fmt::format("`--compression {}` is not one of gzip, zstd", name));
}

std::string compressor_version(LayerCompression compression) {
    return compression == LayerCompression::gzip
               ? fmt::format("libdeflate {} level {}", LIBDEFLATE_VERSION_STRING, gzip_level)
               : fmt::format("zstd {} level {}", ::ZSTD_versionString(), zstd_level);
}

std::string compressed_block(LayerCompression compression, std::string_view bytes) {
    return compression == LayerCompression::gzip ? gzip_member(bytes) : zstd_frame(bytes);
}

std::uint64_t compressed_bound(std::uint64_t size) {
    // Both formats store what does not shrink: a few bytes for each 10 KB at most, and a frame around it.
    return size + size / 1024 + 128;
}

}  // namespace aimlock
