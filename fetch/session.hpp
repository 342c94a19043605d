#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fetch/credentials.hpp"
#include "fetch/environment.hpp"
#include "fetch/http_cache.hpp"
#include "fetch/transfer.hpp"
#include "fetch/worker_pool.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"
#include "solver/model/name_map.hpp"

namespace aimlock {

struct FetchOptions {
    std::filesystem::path cache_dir;  ///< empty: Environment::cache_folder()
    bool offline = false;             ///< no request at all; a miss is an error of code offline_miss
    bool refresh = false;             ///< revalidate whatever the cache holds, immutable documents excepted
    unsigned connections = 0;         ///< per host, 1..64; 0: as measured best
    std::map<std::string, std::vector<std::string>>
        mirrors;  ///< URL prefix -> prefixes asked in its place, in order
    Environment environment;
    TransferOptions transfer;
    std::function<std::int64_t()> now_s;  ///< seconds since 1970; empty: the system's clock
};

/// A document to read through the cache. `file://` URLs are read from disk and never cached.
struct DocumentRequest {
    std::string url;                ///< without credentials: FetchSession::learn takes those
    std::string accept;             ///< value of Accept; empty: anything
    bool immutable = false;         ///< once cached, never asked for again
    bool remember_absence = false;  ///< a 404 is cached as well
    std::uint64_t body_cap = std::uint64_t{1} << 30U;
    /// What a valid document must pass before it is cached; called on a worker. Empty: everything passes.
    std::function<Result<void>(const std::string& body)> check;
};

struct Document {
    bool exists = true;  ///< false: 404 or 410
    std::string url;     ///< what relative references in it are relative to
    std::string content_type;
    std::string body;         ///< decompressed; at least `text_padding` bytes of capacity behind its end
    bool from_cache = false;  ///< no request was made
};

/// One object that owns the client, the cache and the worker threads: the entrance to everything outside.
class FetchSession {
public:
    /// Called on a worker, once.
    using Done = std::function<void(Result<Document>)>;

    FetchSession(FetchOptions options, Log& log);
    ~FetchSession();
    FetchSession(const FetchSession&) = delete;
    FetchSession& operator=(const FetchSession&) = delete;

    /// Keeps the credentials that `url` carries for its origin and returns it without them.
    std::string learn(std::string_view url) { return credentials_.learn(url); }
    /// May be called from any thread.
    void ask(DocumentRequest request, Done done);
    /// Waits; not to be called on a worker.
    Result<Document> get(DocumentRequest request);

    [[nodiscard]] const FetchOptions& options() const { return options_; }
    /// The URLs to ask in the place of `url`: itself, or its mirrors'.
    [[nodiscard]] std::vector<std::string> candidates(const std::string& url) const;
    [[nodiscard]] std::filesystem::path cache_dir() const { return options_.cache_dir; }
    HttpCache& cache() { return cache_; }
    Transfer& transfer() { return *transfer_; }
    WorkerPool& workers() { return *workers_; }
    /// Thread-safe, whatever the log that was given is.
    void say(LogLevel level, std::string_view message);
    /// A note that is worth saying once, whatever the number of occasions.
    void say_once(LogLevel level, const std::string& message);

private:
    struct Asked;
    void answer_from_cache_or_network(const std::shared_ptr<Asked>& asked);
    void send(const std::shared_ptr<Asked>& asked);
    void receive(const std::shared_ptr<Asked>& asked, Result<HttpResponse> response);
    Result<Document> keep(Asked& asked, HttpResponse& response);
    [[nodiscard]] std::int64_t now_s() const;

    FetchOptions options_;
    Log& log_;
    std::mutex log_mutex_;
    std::map<std::string, bool> said_;
    Credentials credentials_;
    HttpCache cache_;
    std::unique_ptr<WorkerPool> workers_;
    std::unique_ptr<Transfer> transfer_;  // ends before the workers, which its callbacks use
};

/// The name map of a request: `written` is a file or URL; empty: `pypi_mapping.json` in the folder of a
/// channel that is a folder, or in the folder above it; else the built-in map.
Result<NameMap> read_name_map(FetchSession& session,
                              const std::string& written,
                              const std::vector<std::string>& channels);

}  // namespace aimlock
