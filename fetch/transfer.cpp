#include "fetch/transfer.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <list>
#include <mutex>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "fetch/transfer_job.hpp"

namespace aimlock {

using transfer::Clock;
using transfer::Job;

namespace {

/// curl_global_init is not thread-safe in every build; a function-local static is.
void init_curl_once() {
    static const CURLcode code = ::curl_global_init(CURL_GLOBAL_ALL);
    static_cast<void>(code);
}

constexpr long connections_http2 = 4;
constexpr long connections_http1 = 32;

}  // namespace

/// The network thread and what it owns. Requests come in through `inbox_`; all else is touched by that thread
/// alone.
class Transfer::Loop {
public:
    Loop(TransferOptions options, const Environment& environment, const Credentials& credentials);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void post(std::unique_ptr<Job> job);
    [[nodiscard]] TransferCounts counts() const { return {requests_.load(), bytes_.load()}; }

private:
    using Jobs = std::list<std::unique_ptr<Job>>;

    void run();
    void take_inbox();
    void launch_due();
    void launch(std::unique_ptr<Job> job);
    void collect();
    void finish(Job& job, CURLcode code);
    void stop_stalled();
    void limit_connections(long count);
    [[nodiscard]] int patience_ms() const;

    transfer::Surroundings around_;
    std::unique_ptr<CURLM, transfer::MultiFree> multi_;
    std::unique_ptr<CURLSH, transfer::ShareFree> share_;
    Jobs running_;  // on loan to curl
    Jobs waiting_;  // for their time
    std::mt19937 random_{std::random_device{}()};
    bool http1_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Job>> inbox_;
    bool ending_ = false;
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::thread thread_;
};

Transfer::Loop::Loop(TransferOptions options,
                     const Environment& environment,
                     const Credentials& credentials) {
    init_curl_once();
    around_.options = options;
    around_.credentials = &credentials;
    around_.bundle = certificate_bundle(environment);
    around_.certificate_folder = environment.get("SSL_CERT_DIR").value_or(std::string{});
    multi_.reset(::curl_multi_init());
    share_.reset(::curl_share_init());
    around_.share = share_.get();
    ::curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    ::curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    ::curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    ::curl_multi_setopt(multi_.get(), CURLMOPT_MAX_CONCURRENT_STREAMS, 256L);
    ::curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 64L);
    limit_connections(options.connections == 0 ? connections_http2
                                               : static_cast<long>(std::min(options.connections, 64U)));
    thread_ = std::thread([this] { run(); });
}

Transfer::Loop::~Loop() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    ::curl_multi_wakeup(multi_.get());
    thread_.join();
    for (const auto& job : running_) ::curl_multi_remove_handle(multi_.get(), job->easy.get());
    waiting_.clear();
    running_.clear();  // easies before the multi and the share
}

void Transfer::Loop::post(std::unique_ptr<Job> job) {
    {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
        inbox_.push_back(std::move(job));
    }
    ::curl_multi_wakeup(multi_.get());
}

void Transfer::Loop::limit_connections(long count) {
    ::curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, count);
}

void Transfer::Loop::run() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (ending_) return;
        }
        take_inbox();
        launch_due();
        int still_running = 0;
        ::curl_multi_perform(multi_.get(), &still_running);
        collect();
        stop_stalled();
        ::curl_multi_poll(multi_.get(), nullptr, 0, patience_ms(), nullptr);
    }
}

void Transfer::Loop::take_inbox() {
    std::vector<std::unique_ptr<Job>> arrived;
    {
        const std::lock_guard lock(mutex_);
        arrived.swap(inbox_);
    }
    for (auto& job : arrived) launch(std::move(job));
}

void Transfer::Loop::launch_due() {
    const auto now = Clock::now();
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        const auto next = std::next(at);
        if ((*at)->not_before <= now) {
            std::unique_ptr<Job> job = std::move(*at);
            waiting_.erase(at);
            launch(std::move(job));
        }
        at = next;
    }
}

void Transfer::Loop::launch(std::unique_ptr<Job> job) {
    if (!around_.bundle && job->request.url.starts_with("https:")) {
        job->done(tl::make_unexpected(around_.bundle.error()));
        return;
    }
    if (!http1_ && around_.options.connections == 0 && job->request.url.starts_with("http:")) {
        http1_ = true;
        limit_connections(connections_http1);
    }
    ++job->tries;
    ++requests_;
    job->prepare(around_);
    ::curl_multi_add_handle(multi_.get(), job->easy.get());
    running_.push_back(std::move(job));
}

void Transfer::Loop::collect() {
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        Job* job = nullptr;
        ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
        finish(*job, code);
    }
}

void Transfer::Loop::finish(Job& done, CURLcode code) {
    const auto at = std::ranges::find_if(running_, [&](const auto& job) { return job.get() == &done; });
    std::unique_ptr<Job> job = std::move(*at);
    running_.erase(at);
    long version = 0;
    ::curl_easy_getinfo(job->easy.get(), CURLINFO_HTTP_VERSION, &version);
    if (!http1_ && around_.options.connections == 0 && version == CURL_HTTP_VERSION_1_1) {
        http1_ = true;
        limit_connections(connections_http1);
    }
    transfer::Verdict verdict = transfer::judge(*job, code, around_.options);
    ::curl_multi_remove_handle(multi_.get(), job->easy.get());
    bytes_ += job->response.received;
    if (!verdict.error) return job->done(std::move(job->response));
    if (verdict.retry && job->tries < around_.options.tries) {
        const double jitter = std::uniform_real_distribution(0.5, 1.5)(random_);
        const auto pause = std::chrono::duration<double, std::milli>(
            static_cast<double>(around_.options.retry_base.count() << (job->tries - 1)) * jitter);
        job->not_before =
            Clock::now() +
            std::max<Clock::duration>(verdict.after, std::chrono::duration_cast<Clock::duration>(pause));
        waiting_.push_back(std::move(job));
        return;
    }
    if (job->tries > 1) verdict.error->message += fmt::format(", in {} tries", job->tries);
    job->done(tl::make_unexpected(std::move(*verdict.error)));
}

// curl's own low-speed limit would also end transfers that merely share a slow line with many others. So a
// transfer is stalled only when its whole multi got nothing for that time, or when it alone got nothing for
// four times as long.
void Transfer::Loop::stop_stalled() {
    const auto now = Clock::now();
    const auto limit = around_.options.stall_timeout;
    Clock::time_point latest{};
    for (const auto& job : running_) {
        if (job->on_the_wire) latest = std::max(latest, job->last_activity);
    }
    std::vector<Job*> stalled;
    for (const auto& job : running_) {
        const auto silence = now - job->last_activity;
        if (job->on_the_wire && silence >= limit && (now - latest >= limit || silence >= 4 * limit))
            stalled.push_back(job.get());
    }
    for (Job* job : stalled) {
        job->stalled = true;
        finish(*job, CURLE_OPERATION_TIMEDOUT);
    }
}

int Transfer::Loop::patience_ms() const {
    auto wait = std::chrono::milliseconds(running_.empty() ? 60'000 : 1'000);
    if (!running_.empty())
        wait = std::min(wait, std::max(around_.options.stall_timeout / 4, std::chrono::milliseconds(10)));
    const auto now = Clock::now();
    for (const auto& job : waiting_) {
        const auto due = std::chrono::duration_cast<std::chrono::milliseconds>(job->not_before - now) +
                         std::chrono::milliseconds(1);
        wait = std::clamp(due, std::chrono::milliseconds(0), wait);
    }
    return static_cast<int>(wait.count());
}

Transfer::Transfer(TransferOptions options, const Environment& environment, const Credentials& credentials)
    : loop_(std::make_unique<Loop>(options, environment, credentials)) {}
Transfer::~Transfer() = default;

void Transfer::start(HttpRequest request, Done done) {
    auto job = std::make_unique<Job>();
    job->request = std::move(request);
    job->done = std::move(done);
    loop_->post(std::move(job));
}

Result<HttpResponse> Transfer::get(HttpRequest request) {
    std::promise<Result<HttpResponse>> answer;
    auto arrived = answer.get_future();
    start(std::move(request),
          [&answer](Result<HttpResponse> response) { answer.set_value(std::move(response)); });
    return arrived.get();
}

TransferCounts Transfer::counts() const {
    return loop_->counts();
}

}  // namespace aimlock
