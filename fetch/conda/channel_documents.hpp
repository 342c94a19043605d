#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <variant>

#include "fetch/conda/repodata.hpp"
#include "fetch/conda/shard_index.hpp"
#include "fetch/session.hpp"

namespace aimlock {

/// What a subdir has: nothing, all its records, or an index of shards.
using SubdirDocument = std::variant<std::monostate, Repodata, ShardIndex>;

struct SubdirArrived {
    std::size_t subdir = 0;
    Result<SubdirDocument> document;
};
struct ShardArrived {
    std::size_t subdir = 0;
    std::string name;
    Result<Repodata> records;
};
using ChannelArrival = std::variant<SubdirArrived, ShardArrived>;

/// Asks for the documents of channels, all at once; answers come in any order. Used by one thread;
/// decompressing and parsing is done by the session's workers.
class ChannelDocuments {
public:
    explicit ChannelDocuments(FetchSession& session);
    /// Waits for what is under way.
    ~ChannelDocuments();
    ChannelDocuments(const ChannelDocuments&) = delete;
    ChannelDocuments& operator=(const ChannelDocuments&) = delete;

    /// Of a server: the index of shards before `repodata.json.zst`, `.json` and `.json.bz2`; of a folder:
    /// after them. `subdir` is handed back.
    void ask_subdir(std::size_t subdir, RepodataOrigin origin);
    /// The shard of a name that `index` has under `digest`.
    void ask_shard(std::size_t subdir,
                   const RepodataOrigin& origin,
                   const ShardIndex& index,
                   const std::string& name,
                   const Sha256& digest);
    /// Waits for the next answer. Precondition: pending() > 0.
    ChannelArrival wait();
    [[nodiscard]] std::size_t pending() const { return pending_; }

private:
    struct ShardAsked;
    void ask_document(std::size_t subdir, RepodataOrigin origin, std::size_t which);
    void shard_answered(const std::shared_ptr<ShardAsked>& asked, Result<Document> document);
    Result<Repodata> open_shard(const ShardAsked& asked, Document document);
    void put(ChannelArrival arrival);

    /// Makes one Log of many threads' out of the session's.
    class SessionLog final : public Log {
    public:
        explicit SessionLog(FetchSession& session) : session_(session) {}
        void write(LogLevel level, std::string_view message) override { session_.say(level, message); }

    private:
        FetchSession& session_;
    };

    FetchSession& session_;
    SessionLog log_;
    std::size_t pending_ = 0;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<ChannelArrival> arrivals_;
};

}  // namespace aimlock
