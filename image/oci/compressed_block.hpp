#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// How the layers of an image are stored. Every engine reads gzip; zstd needs Docker 23 or containerd 1.5.
enum class LayerCompression : std::uint8_t { gzip, zstd };

/// "gzip" or "zstd".
std::string_view compression_name(LayerCompression compression);
Result<LayerCompression> read_compression(std::string_view name);
/// The compressing library with its version: other bytes may come of another one.
std::string compressor_version(LayerCompression compression);

/// `bytes` as a gzip member (or zstd frame) of its own: no time, no name, fixed level. Members one after
/// another are one stream, so blocks can be compressed by several threads and the result depends on none of
/// them. Empty where memory is short.
std::string compressed_block(LayerCompression compression, std::string_view bytes);

/// The most bytes that a block of `size` bytes can become.
std::uint64_t compressed_bound(std::uint64_t size);

}  // namespace aimlock
