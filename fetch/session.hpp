#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "fetch/credentials.hpp"
#include "fetch/document.hpp"
#include "fetch/environment.hpp"
#include "fetch/http_cache.hpp"
#include "fetch/key_locks.hpp"
#include "fetch/keys_in_writing.hpp"
#include "fetch/registry/reader.hpp"
#include "fetch/transfer.hpp"
#include "fetch/worker_pool.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

struct FetchOptions {
    std::filesystem::path cache_dir;  ///< empty: Environment::cache_folder()
    bool offline = false;             ///< no request at all; a miss is an error of code offline_miss
    bool refresh = false;      ///< revalidate whatever the cache holds once, immutable documents excepted
    unsigned connections = 0;  ///< per host, 1..64; 0: as measured best
    std::map<std::string, std::vector<std::string>>
        mirrors;  ///< URL prefix -> prefixes asked in its place, in order
    Environment environment;
    TransferOptions transfer;
    std::function<std::int64_t()> now_s;  ///< seconds since 1970; empty: the system's clock
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
    [[nodiscard]] const Credentials& credentials() const { return credentials_; }
    /// May be called from any thread.
    void ask(DocumentRequest request, Done done);
    /// The answer where its condensed form is in the cache and no request is needed to know that it holds;
    /// nullopt: `ask`. Fast enough for the asking thread itself.
    std::optional<Document> at_hand(const DocumentRequest& request);
    /// Waits until the answer is here and written down; not to be called on a worker.
    Result<Document> get(DocumentRequest request);

    [[nodiscard]] const FetchOptions& options() const { return options_; }
    /// The URLs to ask in the place of `url`: itself, or its mirrors'.
    [[nodiscard]] std::vector<std::string> candidates(const std::string& url) const;
    [[nodiscard]] std::filesystem::path cache_dir() const { return options_.cache_dir; }
    HttpCache& cache() { return cache_; }
    /// Keeps a document in the cache. That it cannot be written is told once, and is no failure.
    void store(const std::string& key, const CachedDocument& entry);
    void tell_unwritable(const Error& error);
    Transfer& transfer() { return *transfer_; }
    RegistryReader& registries() { return registries_; }
    WorkerPool& workers() { return *workers_; }
    /// Calls `go` as soon as no other process works on `key`, with its lock; after a minute, or where nothing
    /// can be locked, without. By then the cache may hold what another process brought.
    void when_alone_with(const std::string& key,
                         std::function<void(KeyLocks::Held)> go,
                         unsigned looked_in_vain = 0);
    KeysInWriting& writing() { return writing_; }
    /// Thread-safe, whatever the log that was given is.
    void say(LogLevel level, std::string_view message);
    /// A note that is worth saying once, whatever the number of occasions.
    void say_once(LogLevel level, const std::string& message);

private:
    struct Asked;
    void answer_from_cache_or_network(const std::shared_ptr<Asked>& asked);
    /// Passes the question on to the server; before that once to `when_alone_with`.
    void send_once(const std::shared_ptr<Asked>& asked);
    void send(const std::shared_ptr<Asked>& asked);
    static void finish(const std::shared_ptr<Asked>& asked, Result<Document> document);
    void receive(const std::shared_ptr<Asked>& asked, Result<HttpResponse> response);
    /// What one mirror lacks or damages, the next may have whole.
    void fail_here(const std::shared_ptr<Asked>& asked, Error error);
    /// The answer of a server that still has what we have.
    void confirm(const std::shared_ptr<Asked>& asked, const HttpResponse& response);
    /// What a server's answer says, and what of it goes into the cache; `entry.body` lies in the response or
    /// in `held`.
    struct Answer {
        Document document;
        CachedDocument entry;
        std::shared_ptr<const void> held;
    };
    Result<Answer> read_answer(const Asked& asked, const HttpResponse& response);
    void keep(const DocumentRequest& request, CachedDocument entry);
    Result<Document> read_local(const DocumentRequest& request);
    [[nodiscard]] std::optional<Document> condensed_local(const DocumentRequest& request) const;
    Result<Document> document_of(const DocumentRequest& request, CachedDocument& cached);
    [[nodiscard]] bool holds(const DocumentRequest& request, const CachedDocument& cached);
    /// Keeps in mind that `url` was asked for by this session: `refresh` is satisfied.
    void asked_again(const std::string& url);
    [[nodiscard]] std::int64_t now_s() const;

    FetchOptions options_;
    Log& log_;
    std::mutex log_mutex_;
    std::map<std::string, bool> said_;
    std::mutex refreshed_mutex_;
    std::set<std::string> refreshed_;  // URLs
    KeysInWriting writing_;
    Credentials credentials_;
    HttpCache cache_;
    KeyLocks locks_;
    std::unique_ptr<WorkerPool> workers_;
    std::unique_ptr<Transfer> transfer_;  // ends before the workers, which its callbacks use
    RegistryReader registries_;           // outlives the transfers: ~FetchSession ends those first
};

}  // namespace aimlock
