#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/credentials.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Settings of the client; the defaults were measured (README.md).
struct TransferOptions {
    unsigned connections =
        0;  ///< per host, 1..64; 0: 4 over HTTP/2 and 32 where a server speaks only HTTP/1.1
    unsigned tries = 4;
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds stall_timeout{
        6'000};                                    ///< a transfer that moves no byte this long is tried again
    std::chrono::milliseconds retry_base{250};     ///< doubles with every try, times 0.5 to 1.5
    std::chrono::seconds longest_retry_after{60};  ///< a server that asks for more is not waited for
};

/// The head of an answer and, where no sink took it, its body.
struct HttpResponse {
    long status =
        0;  ///< 200, 206, 304, 404, 410, 416, or the 401 and 403 that a request allows; others are errors
    std::string url;  ///< the one that answered, after redirects
    std::string etag;
    std::string last_modified;
    std::string content_type;
    std::string content_encoding;
    std::string content_range;
    std::string challenge;  ///< WWW-Authenticate of a 401
    std::optional<std::uint64_t> content_length;
    std::optional<std::int64_t> max_age_s;  ///< of Cache-Control; 0 for no-cache and no-store
    bool framed = false;                    ///< the server says where the body ends
    std::string body;                       ///< as received: not decompressed
    std::uint64_t received = 0;             ///< bytes of the body
};

/// One GET.
struct HttpRequest {
    std::string url;                   ///< without credentials; those are added for its origin
    std::vector<std::string> headers;  ///< "Accept: …"
    std::string range;                 ///< "0-99", "-65536" (the last ones); empty: all
    bool accept_gzip = false;
    bool may_be_unauthorized = false;  ///< a 401 is an answer: who asks knows how to go on
    bool may_be_forbidden = false;     ///< a 403 is an answer: some stores give it for what they do not have
    std::uint64_t body_cap = std::uint64_t{2} << 30U;
    /// Takes the body of a 200 or 206 as it arrives, on the network thread; an error ends the transfer
    /// without retry.
    std::function<Result<void>(const HttpResponse& head, std::string_view piece)> sink;
    /// Called before every try, for example to ask for the rest of a broken download.
    std::function<void(HttpRequest&)> before_try;
};

struct TransferCounts {
    std::uint64_t requests = 0;  ///< tries included
    std::uint64_t bytes = 0;
};

/// All network traffic: many transfers on one thread over one CURLM. https and http only, at most ten
/// redirects, none from https to http, credentials only for the origin they were given for. Faults and 408,
/// 425, 429, 5xx are tried again, after Retry-After where the server states it.
class Transfer {
public:
    /// Called once, on the network thread: it must be brief.
    using Done = std::function<void(Result<HttpResponse>)>;

    Transfer(TransferOptions options, const Environment& environment, const Credentials& credentials);
    /// Ends running transfers without calling their `Done`.
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// May be called from any thread.
    void start(HttpRequest request, Done done);
    /// Waits. Not to be called on the network thread or a worker.
    Result<HttpResponse> get(HttpRequest request);
    [[nodiscard]] TransferCounts counts() const;

private:
    class Loop;
    std::unique_ptr<Loop> loop_;
};

/// The certificate bundle to verify servers with: SSL_CERT_FILE (an error where it is not readable or holds
/// no certificate), else curl's own default, else where distributions put it. Empty: curl's default.
Result<std::string> certificate_bundle(const Environment& environment);

}  // namespace aimlock
