#include "fetch/session.hpp"

#include <chrono>
#include <future>
#include <utility>

#include <fmt/format.h>

#include "fetch/compression.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::int64_t own_lifetime_s =
    600;  // where a server states neither a validator nor a lifetime; PyPI's value
constexpr std::size_t worth_compressing = 16U << 10U;
constexpr std::chrono::milliseconds look_again{15};
constexpr unsigned most_looks = 4000;  // a minute: whoever holds a lock that long is not helping

TransferOptions transfer_options(const FetchOptions& options) {
    TransferOptions transfer = options.transfer;
    if (options.connections != 0) transfer.connections = options.connections;
    return transfer;
}

Result<std::string> decoded(std::string body,
                            const std::string& coding,
                            const std::string& what,
                            std::uint64_t cap) {
    if (coding.empty() || coding == "identity") {
        body.reserve(body.size() + text_padding);
        return body;
    }
    if (coding == "gzip" || coding == "x-gzip") return inflate_gzip(body, what, {cap});
    if (coding == "zstd") return decompress_zstd(body, what, {cap});
    return fail(ErrorCode::network, fmt::format("{}: unknown content encoding `{}`", what, coding));
}

bool is_compressed_file(std::string_view url) {
    return url.ends_with(".zst") || url.ends_with(".bz2") || url.ends_with(".whl") || url.ends_with(".conda");
}

/// Whether the bytes of a cached document are what a server sent, not a condensed form.
bool is_raw(const CachedDocument& cached) {
    return cached.coding.empty() || cached.coding == "gzip" || cached.coding == "x-gzip" ||
           cached.coding == "zstd";
}

/// Whether a 304 confirms the version with the tag `asked`. A server need not repeat the tag, or its
/// weakness.
bool same_tag(std::string_view confirmed, std::string_view asked) {
    const auto bare = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
    return confirmed.empty() || asked.empty() || bare(confirmed) == bare(asked);
}

}  // namespace

/// A question on its way.
struct FetchSession::Asked {
    DocumentRequest request;
    Done done;
    std::optional<CachedDocument> stale;  // to be revalidated
    std::vector<std::string> candidates;
    std::size_t candidate = 0;
    KeyLocks::Held lock;  // of its URL, while its request runs
    bool had_its_turn = false;
};

FetchSession::FetchSession(FetchOptions options, Log& log)
    : options_(std::move(options)),
      log_(log),
      credentials_(options_.environment),
      cache_(options_.cache_dir.empty() ? options_.environment.cache_folder() : options_.cache_dir),
      locks_((options_.cache_dir.empty() ? options_.environment.cache_folder() : options_.cache_dir) /
             "http" / "lock"),
      workers_(std::make_unique<WorkerPool>()),
      transfer_(std::make_unique<Transfer>(transfer_options(options_), options_.environment, credentials_)),
      registries_(*transfer_, options_.environment) {
    if (options_.cache_dir.empty()) options_.cache_dir = options_.environment.cache_folder();
    std::map<std::string, std::vector<std::string>> mirrors;
    for (const auto& [prefix, others] : options_.mirrors) {
        for (const std::string& other : others) mirrors[without_credentials(prefix)].push_back(learn(other));
    }
    options_.mirrors = std::move(mirrors);
}

// Callbacks of running transfers use the workers, and workers start transfers: first no more arrivals, then
// no more work.
FetchSession::~FetchSession() {
    transfer_.reset();
    workers_.reset();
}

std::int64_t FetchSession::now_s() const {
    if (options_.now_s) return options_.now_s();
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::vector<std::string> FetchSession::candidates(const std::string& url) const {
    for (const auto& [prefix, others] : options_.mirrors) {
        if (!url.starts_with(prefix) || others.empty()) continue;
        std::vector<std::string> urls;
        for (const std::string& other : others) urls.push_back(other + url.substr(prefix.size()));
        return urls;
    }
    return {url};
}

void FetchSession::ask(DocumentRequest request, Done done) {
    auto asked = std::make_shared<Asked>();
    asked->request = std::move(request);
    asked->done = std::move(done);
    workers_->submit([this, asked] { answer_from_cache_or_network(asked); });
}

Result<Document> FetchSession::get(DocumentRequest request) {
    std::promise<Result<Document>> answer;
    auto arrived = answer.get_future();
    const std::string key = request.cache_key();
    ask(std::move(request), [&answer](Result<Document> document) { answer.set_value(std::move(document)); });
    Result<Document> document = arrived.get();
    writing_.wait_until_written(key);
    return document;
}

bool FetchSession::holds(const DocumentRequest& request, const CachedDocument& cached) {
    if (options_.offline || request.immutable) return true;
    if (options_.refresh) {
        const std::lock_guard lock(refreshed_mutex_);
        if (!refreshed_.contains(request.url)) return false;
    }
    return cached.fresh_at(now_s());
}

void FetchSession::asked_again(const std::string& url) {
    if (!options_.refresh) return;
    const std::lock_guard lock(refreshed_mutex_);
    refreshed_.insert(url);
}

std::optional<Document> FetchSession::at_hand(const DocumentRequest& request) {
    if (request.form.empty()) return std::nullopt;
    if (is_file_url(request.url)) return condensed_local(request);
    auto cached = cache_.find(request.cache_key());
    const bool condensed = cached && (cached->coding == request.form || cached->status != 200);
    if (!condensed || !holds(request, *cached)) return std::nullopt;
    auto document = document_of(request, *cached);
    return document ? std::optional(std::move(*document)) : std::nullopt;
}

/// What the cache holds, in the form that is asked for.
Result<Document> FetchSession::document_of(const DocumentRequest& request, CachedDocument& cached) {
    Document document;
    document.exists = cached.status == 200;
    document.url = cached.url;
    document.content_type = cached.content_type;
    document.from_cache = true;
    if (!document.exists) return document;
    if (!request.form.empty() && cached.coding == request.form) {
        document.mapped = cached.body;
        document.held = cached.held;
    } else {
        auto body =
            decoded(std::string(cached.body), cached.coding, shown_url(request.url), request.body_cap);
        if (!body) return tl::make_unexpected(std::move(body.error()));
        document.body = std::move(*body);
        if (!request.form.empty()) {
            auto condensed = request.condense(document.body, cached.url);
            if (!condensed) return tl::make_unexpected(std::move(condensed.error()));
            document.body = std::move(*condensed);
            CachedDocument entry = cached;
            entry.coding = request.form;
            entry.body = document.body;
            store(request.cache_key(), entry);
        }
    }
    if (request.check) {
        if (auto passed = request.check(document.bytes()); !passed)
            return tl::make_unexpected(passed.error());
    }
    return document;
}

void FetchSession::answer_from_cache_or_network(const std::shared_ptr<Asked>& asked) {
    const DocumentRequest& request = asked->request;
    if (is_file_url(request.url)) return finish(asked, read_local(request));
    if (writing_.contains(request.cache_key())) {
        return workers_->submit_after(look_again, [this, asked] { answer_from_cache_or_network(asked); });
    }
    std::optional<CachedDocument> cached = cache_.find(request.cache_key());
    if (cached && cached->coding != request.form && !is_raw(*cached)) cached.reset();
    if (cached && holds(request, *cached)) {
        if (auto document = document_of(request, *cached)) return finish(asked, std::move(document));
        cached.reset();  // not what it should be: ask again
    }
    if (options_.offline) {
        return finish(asked,
                      fail(ErrorCode::offline_miss,
                           shown_url(request.url) + " is not in the cache, and --offline allows no request",
                           "Run once without --offline"));
    }
    asked->stale = std::move(cached);
    send_once(asked);
}

void FetchSession::send_once(const std::shared_ptr<Asked>& asked) {
    if (!std::exchange(asked->had_its_turn, true)) {
        return when_alone_with(asked->request.cache_key(), [this, asked](KeyLocks::Held lock) {
            asked->lock = std::move(lock);
            // Another process may have let go of it a moment ago, with the document in the cache.
            return asked->lock ? answer_from_cache_or_network(asked) : send_once(asked);
        });
    }
    asked->candidates = candidates(asked->request.url);
    send(asked);
}

void FetchSession::when_alone_with(const std::string& key,
                                   std::function<void(KeyLocks::Held)> go,
                                   unsigned looked_in_vain) {
    KeyLocks::Held lock;
    if (looked_in_vain < most_looks && locks_.try_take(key, lock) == KeyLocks::Outcome::busy) {
        return workers_->submit_after(look_again, [this, key, go = std::move(go), looked_in_vain] {
            when_alone_with(key, go, looked_in_vain + 1);
        });
    }
    go(std::move(lock));
}

void FetchSession::finish(const std::shared_ptr<Asked>& asked, Result<Document> document) {
    asked->lock.release();
    asked->done(std::move(document));
}

void FetchSession::send(const std::shared_ptr<Asked>& asked) {
    HttpRequest http;
    http.url = asked->candidates[asked->candidate];
    http.accept_gzip = !asked->request.as_it_is;
    http.body_cap = asked->request.body_cap;
    http.may_be_forbidden = asked->request.forbidden_is_absent;
    if (!asked->request.accept.empty()) http.headers.push_back("Accept: " + asked->request.accept);
    if (asked->stale && asked->candidate == 0 && asked->stale->status == 200) {
        if (!asked->stale->etag.empty()) http.headers.push_back("If-None-Match: " + asked->stale->etag);
        if (!asked->stale->last_modified.empty())
            http.headers.push_back("If-Modified-Since: " + asked->stale->last_modified);
    }
    registries_.get_document(std::move(http), [this, asked](Result<HttpResponse> response) {
        auto held = std::make_shared<Result<HttpResponse>>(std::move(response));
        // Small documents first: METADATA leads to new questions, a page of ten megabytes to one.
        const std::size_t size = *held ? (*held)->body.size() : 0;
        workers_->submit([this, asked, held] { receive(asked, std::move(*held)); }, size);
    });
}

void FetchSession::receive(const std::shared_ptr<Asked>& asked, Result<HttpResponse> response) {
    if (!response) return fail_here(asked, std::move(response.error()));
    say(LogLevel::detail, fmt::format("GET {}: {}, {} bytes", shown_url(asked->request.url), response->status,
                                      response->received));
    if (response->status == 304 && asked->stale) return confirm(asked, *response);
    auto read = read_answer(*asked, *response);
    if (!read) return fail_here(asked, std::move(read.error()));
    asked_again(asked->request.url);
    writing_.run(
        asked->request.cache_key(), [&] { asked->done(std::move(read->document)); },
        [&] { keep(asked->request, std::move(read->entry)); });
    asked->lock.release();
}

void FetchSession::fail_here(const std::shared_ptr<Asked>& asked, Error error) {
    if (asked->candidate + 1 == asked->candidates.size())
        return finish(asked, tl::make_unexpected(std::move(error)));
    say(LogLevel::note, error.message + "; asking the next mirror");
    ++asked->candidate;
    send(asked);
}

void FetchSession::confirm(const std::shared_ptr<Asked>& asked, const HttpResponse& response) {
    CachedDocument& stale = *asked->stale;
    auto document = document_of(asked->request, stale);
    // The server has it as we do, but we do not; or it confirms another version than the one that was asked
    // about.
    if (!document || !same_tag(response.etag, stale.etag)) {
        asked->stale.reset();
        return send(asked);
    }
    document->from_cache = false;
    asked_again(asked->request.url);
    if (auto renewed =
            cache_.renew(asked->request.cache_key(), now_s(), response.max_age_s.value_or(stale.lifetime_s));
        !renewed)
        tell_unwritable(renewed.error());
    finish(asked, std::move(document));
}

Result<FetchSession::Answer> FetchSession::read_answer(const Asked& asked, const HttpResponse& response) {
    const DocumentRequest& request = asked.request;
    const std::string shown = shown_url(request.url);
    const bool absent = response.status == 404 || response.status == 410 ||
                        (response.status == 403 && request.forbidden_is_absent);
    if (response.status == 304)
        return fail(ErrorCode::network, shown + ": the server answered 304 to an unconditional request");
    if (response.status != 200 && !absent) {
        return fail(ErrorCode::network,
                    fmt::format("{}: the server answered HTTP {}", shown, response.status));
    }
    // A mirror's own address must not reach the lock: relative references belong to the address that was
    // asked.
    const bool redirected = response.url != asked.candidates[asked.candidate];
    Answer answer;
    CachedDocument& entry = answer.entry;
    Document& document = answer.document;
    entry.fetched_at_s = now_s();
    entry.url = redirected && !absent ? response.url : request.url;
    document.exists = !absent;
    document.url = entry.url;
    if (absent) {
        entry.status = 404;
        entry.lifetime_s = response.max_age_s.value_or(own_lifetime_s);
        return answer;
    }
    entry.etag = response.etag;
    entry.last_modified = response.last_modified;
    entry.content_type = document.content_type = response.content_type;
    entry.coding = request.as_it_is ? std::string() : response.content_encoding;
    const bool no_validator = entry.etag.empty() && entry.last_modified.empty();
    entry.lifetime_s = response.max_age_s.value_or(no_validator ? own_lifetime_s : 0);
    auto body = decoded(response.body, entry.coding, shown, request.body_cap);
    if (!body) return tl::make_unexpected(body.error());
    entry.body = response.body;
    if (request.form.empty()) {
        document.body = std::move(*body);
    } else {
        auto condensed = request.condense(*body, entry.url);
        if (!condensed) return tl::make_unexpected(std::move(condensed.error()));
        auto held = std::make_shared<const std::string>(std::move(*condensed));
        document.mapped = entry.body = *held;
        document.held = std::move(held);
        entry.coding = request.form;
    }
    answer.held = document.held;
    if (request.check) {
        if (auto passed = request.check(document.bytes()); !passed)
            return tl::make_unexpected(passed.error());
    }
    return answer;
}

void FetchSession::keep(const DocumentRequest& request, CachedDocument entry) {
    if (entry.status != 200 && !request.remember_absence) return;
    std::string smaller;
    if (entry.coding.empty() && entry.body.size() > worth_compressing && !is_compressed_file(request.url)) {
        smaller = compress_zstd(entry.body);
        entry.body = smaller;
        entry.coding = "zstd";
    }
    store(request.cache_key(), entry);
}

void FetchSession::store(const std::string& key, const CachedDocument& entry) {
    if (auto stored = cache_.store(key, entry); !stored) tell_unwritable(stored.error());
}

void FetchSession::tell_unwritable(const Error& error) {
    say_once(LogLevel::warning, "the cache cannot be written, so nothing is kept: " + error.message);
}

void FetchSession::say(LogLevel level, std::string_view message) {
    const std::lock_guard lock(log_mutex_);
    log_.write(level, message);
}

void FetchSession::say_once(LogLevel level, const std::string& message) {
    const std::lock_guard lock(log_mutex_);
    if (said_.emplace(message.substr(0, 48), true).second) log_.write(level, message);
}

}  // namespace aimlock
