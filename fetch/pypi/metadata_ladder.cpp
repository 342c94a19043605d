#include "fetch/pypi/metadata_ladder.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>

#include <fmt/format.h>

#include "fetch/compression.hpp"
#include "fetch/content_range.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "fetch/pypi/remote_zip.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t tail_size = 64U << 10U;
constexpr std::uint64_t metadata_cap = 32U << 20U;
constexpr std::chrono::milliseconds a_moment{5};
constexpr std::uint64_t wheel_cap = std::uint64_t{1} << 30U;  // it is held in memory

/// A redirect or a mirror may answer the URL; the hash names the bytes.
std::string cache_key(const WheelFile& wheel) {
    return wheel.sha256.known() ? "metadata-of-sha256:" + wheel.sha256.hex() : "metadata-of:" + wheel.url;
}

std::optional<CoreMetadata> read_beside(const WheelFile& wheel) {
    const auto document = read_whole_file(path_of_file_url(wheel.url + ".metadata"));
    if (!document) return std::nullopt;
    auto metadata = parse_core_metadata(*document, wheel.url);
    return metadata ? std::optional(std::move(*metadata)) : std::nullopt;
}

std::optional<CoreMetadata> read_cached(const HttpCache& cache, const std::string& key) {
    const auto cached = cache.find(key);
    if (!cached) return std::nullopt;
    if (cached->coding != packed_metadata_form) return std::nullopt;
    auto metadata = unpack_core_metadata(cached->body);
    // Of a wheel whose size no index states: it stands where a document has its tag.
    const std::string& size = cached->etag;
    if (metadata && !size.empty())
        std::from_chars(size.data(), size.data() + size.size(), metadata->file_bytes);
    return metadata;
}

}  // namespace

struct MetadataLadder::Shared {
    struct Blind {
        unsigned tried = 0;
        unsigned answered = 0;
    };
    FetchSession& session;
    std::mutex mutex;
    std::map<std::string, Blind> blind;     // by host
    std::map<std::string, bool> no_ranges;  // hosts that ignore Range
    std::atomic<std::uint64_t> requests{0};

    bool worth_asking_blind(const std::string& host) {
        const std::lock_guard lock(mutex);
        const Blind& memory = blind[host];
        return memory.tried < 8 || 2 * memory.answered >= memory.tried;
    }
    void remember(const std::string& host, bool answered) {
        const std::lock_guard lock(mutex);
        ++blind[host].tried;
        blind[host].answered += answered ? 1 : 0;
    }
    bool ignores_ranges(const std::string& host) {
        const std::lock_guard lock(mutex);
        return no_ranges.contains(host);
    }
};

/// One wheel's way up. Kept alive by the callbacks of its requests; all steps run on workers, one at a time.
class MetadataLadder::Climb : public std::enable_shared_from_this<Climb> {
public:
    Climb(std::shared_ptr<Shared> shared, WheelFile wheel, Done done)
        : shared_(std::move(shared)),
          wheel_(std::move(wheel)),
          done_(std::move(done)),
          what_(shown_url(wheel_.url)),
          key_(cache_key(wheel_)) {}

    void begin() {
        if (is_file_url(wheel_.url)) return read_local();
        FetchSession& session = shared_->session;
        if (session.writing().contains(key_))
            return session.workers().submit_after(a_moment, [self = shared_from_this()] { self->begin(); });
        if (auto cached = read_cached(session.cache(), key_)) return done_(std::move(*cached));
        if (session.options().offline) {
            return done_(fail(ErrorCode::offline_miss,
                              what_ + ": its metadata is not in the cache, and --offline allows no request",
                              "Run once without --offline"));
        }
        session.when_alone_with(key_, [self = shared_from_this()](KeyLocks::Held lock) {
            self->lock_ = std::move(lock);
            // Another process may have let go of it a moment ago, with the metadata in the cache.
            if (auto cached = read_cached(self->shared_->session.cache(), self->key_))
                return self->finish(std::move(*cached));
            self->climb(0);
        });
    }

private:
    /// From the lowest step, at the index itself or at one of its mirrors.
    void climb(std::size_t mirror) {
        mirror_ = mirror;
        const auto parts = split_url(shared_->session.candidates(wheel_.url)[mirror]);
        host_ = parts ? parts->host : std::string{};
        if (wheel_.direct) return ask_tail();  // nobody announced a document, and the answer states the size
        if (wheel_.has_core_metadata) return ask_document(true, 1);
        if (shared_->worth_asking_blind(host_)) return ask_document(false, 1);
        ask_tail();
    }

    void finish(Result<CoreMetadata> metadata) {
        lock_.release();
        done_(std::move(metadata));
    }

    /// What one mirror lacks or damages, the next may have whole.
    void fall(tl::unexpected<Error> error) {
        if (mirror_ + 1 == shared_->session.candidates(wheel_.url).size()) return finish(std::move(error));
        shared_->session.say(LogLevel::note, error.value().message + "; asking the next mirror");
        climb(mirror_ + 1);
    }

    // A folder that mirrors an index may hold the document beside the wheel, or instead of it.
    void read_local() {
        if (const auto document = read_whole_file(path_of_file_url(wheel_.url + ".metadata"))) {
            return done_(parse_core_metadata(*document, what_));
        }
        const auto wheel = read_whole_file(path_of_file_url(wheel_.url));
        if (!wheel)
            return done_(fail(ErrorCode::io, path_of_file_url(wheel_.url).string() + ": cannot read"));
        done_(metadata_of_wheel(*wheel, what_).and_then([this](const std::string& text) {
            return parse_core_metadata(text, what_);
        }));
    }

    /// Sends a request; `next` gets the response on a worker. Faults end the climb, here.
    template <class Next>
    void send(HttpRequest request, Next next) {
        ++shared_->requests;
        FetchSession& session = shared_->session;
        session.transfer().start(std::move(request),
                                 [self = shared_from_this(), next](Result<HttpResponse> response) {
                                     auto held = std::make_shared<Result<HttpResponse>>(std::move(response));
                                     const auto use = [self, next, held] {
                                         if (!*held)
                                             return self->fall(tl::make_unexpected(std::move(held->error())));
                                         next(*self, std::move(**held));
                                     };
                                     const std::size_t size = *held ? (*held)->body.size() : 0;
                                     self->shared_->session.workers().submit(use, size);
                                 });
    }

    void ask_document(bool announced, unsigned attempt) {
        HttpRequest request;
        request.url = shared_->session.candidates(wheel_.url + ".metadata")[mirror_];
        request.accept_gzip = true;
        request.may_be_forbidden = !announced;
        request.body_cap = metadata_cap;
        send(std::move(request), [announced, attempt](Climb& self, HttpResponse response) {
            self.take_document(announced, attempt, std::move(response));
        });
    }

    void take_document(bool announced, unsigned attempt, HttpResponse response) {
        const bool answered = response.status == 200;
        if (!announced) shared_->remember(host_, answered);
        if (!answered) return ask_tail();
        std::string text = std::move(response.body);
        if (response.content_encoding == "gzip") {
            auto inflated = inflate_gzip(text, what_ + ".metadata", {metadata_cap});
            if (!inflated) return fall(tl::make_unexpected(std::move(inflated.error())));
            text = std::move(*inflated);
        }
        if (wheel_.core_metadata_sha256.known() && sha256_of(text) != wheel_.core_metadata_sha256) {
            if (attempt == 1) return ask_document(announced, 2);
            return fall(fail(ErrorCode::integrity,
                             fmt::format("{}.metadata: sha256 is {}, but the index promised {}", what_,
                                         sha256_of(text).hex(), wheel_.core_metadata_sha256.hex())));
        }
        auto metadata = parse_core_metadata(text, what_ + ".metadata");
        // A server that answers 200 with an error page to a document that nobody announced does not have it.
        if (!metadata && !announced) return ask_tail();
        keep(std::move(metadata));
    }

    void ask_tail() {
        if (shared_->ignores_ranges(host_)) return ask_whole(1);
        HttpRequest request = range_request(fmt::format("-{}", tail_size));
        send(std::move(request),
             [](Climb& self, HttpResponse response) { self.take_tail(std::move(response)); });
    }

    void take_tail(HttpResponse response) {
        const auto range = parse_content_range(response.content_range);
        const bool as_asked = response.status == 206 && range && range->end == range->total &&
                              response.body.size() == range->end - range->begin;
        if (response.status == 200) {
            const std::lock_guard lock(shared_->mutex);
            shared_->no_ranges[host_] = true;
        }
        if (response.status == 200 && !response.body.empty()) return take_whole(std::move(response), 1);
        if (response.status == 404 || response.status == 410)
            return fall(
                fail(ErrorCode::not_found, what_ + ": the index lists it, but the server does not have it"));
        if (!as_asked) return ask_whole(1);
        file_bytes_ = range->total;
        tail_ = std::move(response.body);
        tail_begin_ = range->begin;
        const auto directory = find_zip_directory(tail_, range->total, what_);
        if (!directory) return fall(tl::make_unexpected(directory.error()));
        directory_ = *directory;
        if (directory_.range.begin >= tail_begin_)
            return find_member(std::string_view(tail_).substr(directory_.range.begin - tail_begin_));
        ask_range(directory_.range.begin, tail_begin_, [](Climb& self, std::string bytes) {
            self.tail_.insert(0, bytes);
            self.tail_begin_ = self.directory_.range.begin;
            self.find_member(self.tail_);
        });
    }

    void find_member(std::string_view directory) {
        auto member = find_metadata_member(directory.substr(0, directory_.range.size), directory_, what_);
        if (!member) return fall(tl::make_unexpected(std::move(member.error())));
        member_ = std::move(*member);
        if (member_.compressed > metadata_cap)
            return fall(fail(ErrorCode::integrity, what_ + ": METADATA exceeds the limit of 32 MiB"));
        if (member_.header_at >= directory_.range.begin)
            return fall(fail(ErrorCode::integrity, what_ + ": damaged wheel: a member lies outside"));
        if (member_.header_at >= tail_begin_)
            return take_member(tail_.substr(static_cast<std::size_t>(member_.header_at - tail_begin_)), true);
        ask_member(30 + member_.name.size() + 64 + member_.compressed, true);
    }

    void ask_member(std::uint64_t size, bool may_ask_again) {
        const std::uint64_t end = std::min(member_.header_at + size, directory_.range.begin);
        ask_range(member_.header_at, end, [may_ask_again](Climb& self, std::string bytes) {
            self.take_member(bytes, may_ask_again);
        });
    }

    void take_member(std::string_view bytes, bool may_ask_again) {
        std::optional<std::uint64_t> missing;
        auto text = read_zip_member(member_, bytes, what_, missing);
        if (missing && may_ask_again) return ask_member(*missing, false);
        if (missing)
            return fall(fail(ErrorCode::integrity, what_ + ": damaged wheel: METADATA is cut short"));
        if (!text) return fall(tl::make_unexpected(std::move(text.error())));
        keep(parse_core_metadata(*text, what_));
    }

    /// Bytes [begin, end) of the wheel; `next` gets exactly those. A server that answers with others is asked
    /// for all.
    template <class Next>
    void ask_range(std::uint64_t begin, std::uint64_t end, Next next) {
        HttpRequest request = range_request(fmt::format("{}-{}", begin, end - 1));
        send(std::move(request), [begin, end, next](Climb& self, HttpResponse response) {
            const auto range = parse_content_range(response.content_range);
            if (response.status == 200) return self.take_whole(std::move(response), 1);
            const bool as_asked = response.status == 206 && range && range->begin == begin &&
                                  range->end == end && response.body.size() == end - begin;
            if (!as_asked) return self.ask_whole(1);
            next(self, std::move(response.body));
        });
    }

    HttpRequest range_request(std::string range) const {
        HttpRequest request;
        request.url = shared_->session.candidates(wheel_.url)[mirror_];
        request.range = std::move(range);
        request.body_cap = wheel_cap;
        return request;
    }

    void ask_whole(unsigned attempt) {
        send(range_request({}), [attempt](Climb& self, HttpResponse response) {
            self.take_whole(std::move(response), attempt);
        });
    }

    void take_whole(HttpResponse response, unsigned attempt) {
        if (response.status != 200)
            return fall(fail(ErrorCode::not_found,
                             fmt::format("{}: the server answered HTTP {}", what_, response.status)));
        if (wheel_.sha256.known() && sha256_of(response.body) != wheel_.sha256) {
            if (attempt == 1) return ask_whole(2);
            return fall(
                fail(ErrorCode::integrity, fmt::format("{}: sha256 is {}, but the index promised {}", what_,
                                                       sha256_of(response.body).hex(), wheel_.sha256.hex())));
        }
        file_bytes_ = response.body.size();
        auto text = metadata_of_wheel(response.body, what_);
        if (!text) return fall(tl::make_unexpected(std::move(text.error())));
        keep(parse_core_metadata(*text, what_));
    }

    void keep(Result<CoreMetadata> metadata) {
        if (!metadata) return finish(std::move(metadata));
        CachedDocument document;
        const std::string packed = pack_core_metadata(*metadata);
        document.url = wheel_.url;
        document.coding = packed_metadata_form;
        document.body = packed;
        if (wheel_.direct && file_bytes_ != 0) {
            metadata->file_bytes = file_bytes_;
            document.etag = std::to_string(file_bytes_);
        }
        FetchSession& session = shared_->session;
        session.writing().run(
            key_, [&] { done_(std::move(metadata)); }, [&] { session.store(key_, document); });
        lock_.release();
    }

    std::shared_ptr<Shared> shared_;
    WheelFile wheel_;
    Done done_;
    std::string what_;  // the wheel's URL as it may be shown
    std::string key_;
    KeyLocks::Held lock_;     // of the key, while requests run
    std::size_t mirror_ = 0;  // the one that is being asked
    std::string host_;        // of that
    std::string tail_;
    std::uint64_t tail_begin_ = 0;
    std::uint64_t file_bytes_ = 0;
    ZipDirectory directory_;
    ZipMember member_;
};

MetadataLadder::MetadataLadder(FetchSession& session) : shared_(new Shared{session, {}, {}, {}, 0}) {}
MetadataLadder::~MetadataLadder() = default;

std::optional<CoreMetadata> MetadataLadder::at_hand(const WheelFile& wheel) const {
    if (is_file_url(wheel.url)) return read_beside(wheel);
    return read_cached(shared_->session.cache(), cache_key(wheel));
}

void MetadataLadder::ask(const WheelFile& wheel, Done done) {
    auto climb = std::make_shared<Climb>(shared_, wheel, std::move(done));
    shared_->session.workers().submit([climb] { climb->begin(); });
}

std::uint64_t MetadataLadder::requests() const {
    return shared_->requests.load();
}

}  // namespace aimlock
