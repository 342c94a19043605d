#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "fetch/atomic_file.hpp"
#include "fetch/worker_pool.hpp"
#include "image/oci/compressed_block.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What a layer is known by.
struct LayerBlob {
    Sha256 digest;  ///< of the file as it is stored
    std::uint64_t size_bytes = 0;
    Sha256 diff_id;  ///< of the tar in it

    friend bool operator==(const LayerBlob&, const LayerBlob&) = default;
};

/// The threads that compress, and the blocks that may be in memory at once, shared by all layers in work.
class BlockPool {
public:
    explicit BlockPool(unsigned threads);
    ~BlockPool();
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

private:
    friend class BlobWriter;
    struct Slots;
    std::unique_ptr<Slots> slots_;
    WorkerPool workers_;
};

/// Writes one compressed blob: raw bytes are cut into blocks of a fixed size, each compressed on its own by
/// the pool's threads, and joined in order. The bytes depend on neither threads nor how the caller cuts its
/// pieces.
class BlobWriter {
public:
    static constexpr std::size_t block_bytes = std::size_t{2} << 20U;

    /// `file` is written anew.
    static Result<BlobWriter> create(const std::filesystem::path& file,
                                     LayerCompression compression,
                                     BlockPool& pool);
    ~BlobWriter();
    BlobWriter(BlobWriter&&) noexcept;
    BlobWriter& operator=(BlobWriter&&) = delete;
    BlobWriter(const BlobWriter&) = delete;
    BlobWriter& operator=(const BlobWriter&) = delete;

    Result<void> append(std::string_view raw);
    /// Whether the blob stays within `limit` bytes if `raw_bytes` more come that do not shrink at all. The
    /// answer depends on what was appended alone: where it is close, blocks under way are waited for.
    Result<bool> has_room(std::uint64_t raw_bytes, std::uint64_t limit);
    /// Compresses the rest and closes the file.
    Result<LayerBlob> finish();

private:
    struct State;
    explicit BlobWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace aimlock
