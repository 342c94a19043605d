#include "image/oci/blob_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace aimlock {

/// Counts the blocks in memory. A layer that finds none free writes its own oldest one first, so that two
/// layers never wait for each other.
struct BlockPool::Slots {
    std::mutex mutex;
    std::condition_variable freed;
    unsigned free = 0;

    bool try_take() {
        const std::lock_guard lock(mutex);
        if (free == 0) return false;
        --free;
        return true;
    }
    void take() {
        std::unique_lock lock(mutex);
        freed.wait(lock, [&] { return free != 0; });
        --free;
    }
    void give_back() {
        {
            const std::lock_guard lock(mutex);
            ++free;
        }
        freed.notify_one();
    }
};

BlockPool::BlockPool(unsigned threads) : slots_(std::make_unique<Slots>()), workers_(threads) {
    slots_->free = 2 * std::max(threads, 2U) + 2;
}

BlockPool::~BlockPool() = default;

struct BlobWriter::State {
    State(AtomicFile opened, LayerCompression chosen, BlockPool& shared)
        : file(std::move(opened)), compression(chosen), pool(shared) {
        block.reserve(block_bytes);
    }
    ~State() {
        // The workers write into promises that nobody may take away from them.
        for (std::future<std::string>& future : under_way) {
            future.wait();
            pool.slots_->give_back();
        }
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Result<void> write_oldest() {
        std::future<std::string> oldest = std::move(under_way.front());
        under_way.pop_front();
        const std::string bytes = oldest.get();
        pool.slots_->give_back();
        bound_under_way -= bounds.front();
        bounds.pop_front();
        if (bytes.empty()) return fail(ErrorCode::io, "no memory to compress a layer");
        written += bytes.size();
        digest.update(bytes);
        return file.write(bytes);
    }

    Result<void> send_block() {
        diff_id.update(block);
        while (!pool.slots_->try_take()) {
            if (under_way.empty()) {
                pool.slots_->take();
                break;
            }
            if (auto done = write_oldest(); !done) return done;
        }
        bounds.push_back(compressed_bound(block.size()));
        bound_under_way += bounds.back();
        auto promise = std::make_shared<std::promise<std::string>>();
        under_way.push_back(promise->get_future());
        auto bytes = std::make_shared<std::string>(std::exchange(block, {}));
        block.reserve(block_bytes);
        pool.workers_.submit([promise, bytes, kind = compression] {
            std::string out;
            try {
                out = compressed_block(kind, *bytes);
            } catch (const std::exception&) {  // memory: the writer tells it
                out.clear();
            }
            promise->set_value(std::move(out));
        });
        return {};
    }

    AtomicFile file;
    LayerCompression compression;
    BlockPool& pool;
    std::string block;
    std::deque<std::future<std::string>> under_way;
    std::deque<std::uint64_t> bounds;  // the most that each of them can become
    std::uint64_t bound_under_way = 0;
    std::uint64_t written = 0;
    Sha256Stream digest;
    Sha256Stream diff_id;
};

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::~BlobWriter() = default;
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;

Result<BlobWriter> BlobWriter::create(const std::filesystem::path& file,
                                      LayerCompression compression,
                                      BlockPool& pool) {
    auto opened = AtomicFile::create(file);
    if (!opened) return tl::make_unexpected(opened.error());
    return BlobWriter(std::make_unique<State>(std::move(*opened), compression, pool));
}

Result<void> BlobWriter::append(std::string_view raw) {
    std::string& block = state_->block;
    while (!raw.empty()) {
        const std::size_t taken = std::min(raw.size(), block_bytes - block.size());
        block.append(raw.substr(0, taken));
        raw.remove_prefix(taken);
        if (block.size() < block_bytes) continue;
        if (auto sent = state_->send_block(); !sent) return sent;
    }
    return {};
}

Result<bool> BlobWriter::has_room(std::uint64_t raw_bytes, std::uint64_t limit) {
    const std::uint64_t blocks = raw_bytes / block_bytes + 2;
    const std::uint64_t to_come = compressed_bound(state_->block.size() + raw_bytes) + blocks * 128;
    if (state_->written + state_->bound_under_way + to_come <= limit) return true;
    while (!state_->under_way.empty()) {
        if (auto done = state_->write_oldest(); !done) return tl::make_unexpected(done.error());
    }
    return state_->written + to_come <= limit;
}

Result<LayerBlob> BlobWriter::finish() {
    Result<void> done;
    if (!state_->block.empty()) done = state_->send_block();
    while (done && !state_->under_way.empty()) done = state_->write_oldest();
    if (done) done = state_->file.commit();
    if (!done) return tl::make_unexpected(done.error());
    return LayerBlob{state_->digest.finish(), state_->written, state_->diff_id.finish()};
}

}  // namespace aimlock
