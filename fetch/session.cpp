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

Result<Document> read_local(const DocumentRequest& request) {
    const std::filesystem::path path = path_of_file_url(request.url);
    Document document;
    document.url = request.url;
    document.from_cache = true;  // no request
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) {
        document.exists = false;
        return document;
    }
    auto content = read_whole_file(path);
    if (!content) return fail(ErrorCode::io, path.string() + ": cannot read");
    document.body = std::move(*content);
    document.body.reserve(document.body.size() + text_padding);
    if (request.check) {
        if (auto passed = request.check(document.body); !passed) return tl::make_unexpected(passed.error());
    }
    return document;
}

}  // namespace

/// A question on its way.
struct FetchSession::Asked {
    DocumentRequest request;
    Done done;
    std::optional<CachedDocument> stale;  // to be revalidated
    std::vector<std::string> candidates;
    std::size_t candidate = 0;
};

FetchSession::FetchSession(FetchOptions options, Log& log)
    : options_(std::move(options)),
      log_(log),
      credentials_(options_.environment),
      cache_(options_.cache_dir.empty() ? options_.environment.cache_folder() : options_.cache_dir),
      workers_(std::make_unique<WorkerPool>()),
      transfer_(std::make_unique<Transfer>(transfer_options(options_), options_.environment, credentials_)) {
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
    ask(std::move(request), [&answer](Result<Document> document) { answer.set_value(std::move(document)); });
    return arrived.get();
}

void FetchSession::answer_from_cache_or_network(const std::shared_ptr<Asked>& asked) {
    const DocumentRequest& request = asked->request;
    if (is_file_url(request.url)) return asked->done(read_local(request));
    std::optional<CachedDocument> cached = cache_.find(request.url);
    const bool usable =
        cached && (options_.offline || request.immutable || (!options_.refresh && cached->fresh_at(now_s())));
    if (usable) {
        Document document{cached->status == 200, cached->url, cached->content_type, {}, true};
        auto body =
            decoded(std::move(cached->body), cached->coding, shown_url(request.url), request.body_cap);
        if (body) {
            document.body = std::move(*body);
            if (!request.check || !document.exists || request.check(document.body))
                return asked->done(std::move(document));
        }
        cached.reset();  // not what it should be: ask again
    }
    if (options_.offline) {
        return asked->done(
            fail(ErrorCode::offline_miss,
                 shown_url(request.url) + " is not in the cache, and --offline allows no request",
                 "Run once without --offline"));
    }
    asked->stale = std::move(cached);
    asked->candidates = candidates(request.url);
    send(asked);
}

void FetchSession::send(const std::shared_ptr<Asked>& asked) {
    HttpRequest http;
    http.url = asked->candidates[asked->candidate];
    http.accept_gzip = true;
    http.body_cap = asked->request.body_cap;
    if (!asked->request.accept.empty()) http.headers.push_back("Accept: " + asked->request.accept);
    if (asked->stale && asked->candidate == 0 && asked->stale->status == 200) {
        if (!asked->stale->etag.empty()) http.headers.push_back("If-None-Match: " + asked->stale->etag);
        if (!asked->stale->last_modified.empty())
            http.headers.push_back("If-Modified-Since: " + asked->stale->last_modified);
    }
    transfer_->start(std::move(http), [this, asked](Result<HttpResponse> response) {
        auto held = std::make_shared<Result<HttpResponse>>(std::move(response));
        workers_->submit([this, asked, held] { receive(asked, std::move(*held)); });
    });
}

void FetchSession::receive(const std::shared_ptr<Asked>& asked, Result<HttpResponse> response) {
    if (!response) {
        if (asked->candidate + 1 < asked->candidates.size()) {
            say(LogLevel::note, response.error().message + "; asking the next mirror");
            ++asked->candidate;
            return send(asked);
        }
        return asked->done(tl::make_unexpected(std::move(response.error())));
    }
    say(LogLevel::detail, fmt::format("GET {}: {}, {} bytes", shown_url(asked->request.url), response->status,
                                      response->received));
    asked->done(keep(*asked, *response));
}

Result<Document> FetchSession::keep(Asked& asked, HttpResponse& response) {
    const DocumentRequest& request = asked.request;
    const std::string shown = shown_url(request.url);
    CachedDocument entry;
    if (response.status == 304) {
        if (!asked.stale)
            return fail(ErrorCode::network, shown + ": the server answered 304 to an unconditional request");
        entry = std::move(*asked.stale);
    } else if (response.status == 200) {
        entry.etag = response.etag;
        entry.last_modified = response.last_modified;
        entry.content_type = response.content_type;
        entry.coding = response.content_encoding;
        entry.body = std::move(response.body);
        // A mirror's own address must not reach the lock: relative references belong to the address that was
        // asked.
        const bool redirected = response.url != asked.candidates[asked.candidate];
        entry.url = redirected ? response.url : request.url;
    } else if (response.status == 404 || response.status == 410) {
        entry.status = 404;
        entry.url = request.url;
    } else {
        return fail(ErrorCode::network,
                    fmt::format("{}: the server answered HTTP {}", shown, response.status));
    }
    entry.fetched_at_s = now_s();
    entry.lifetime_s =
        response.max_age_s.value_or(entry.etag.empty() && entry.last_modified.empty() ? own_lifetime_s : 0);
    if (!response.max_age_s && entry.status == 404) entry.lifetime_s = own_lifetime_s;
    Document document{entry.status == 200, entry.url, entry.content_type, {}, false};
    auto body = decoded(entry.body, entry.coding, shown, request.body_cap);
    if (!body) return tl::make_unexpected(body.error());
    document.body = std::move(*body);
    if (document.exists && request.check) {
        if (auto passed = request.check(document.body); !passed) return tl::make_unexpected(passed.error());
    }
    if (!document.exists && !request.remember_absence) return document;
    if (entry.coding.empty() && entry.body.size() > worth_compressing && !is_compressed_file(request.url)) {
        entry.body = compress_zstd(entry.body);
        entry.coding = "zstd";
    }
    if (auto stored = cache_.store(request.url, entry); !stored) {
        say_once(LogLevel::warning,
                 "the cache cannot be written, so nothing is kept: " + stored.error().message);
    }
    return document;
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
