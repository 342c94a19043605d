#include "fetch/transfer_job.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "fetch/url.hpp"

namespace aimlock::transfer {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end == text.data()) return std::nullopt;
    return value;
}

void read_cache_control(std::string_view text, HttpResponse& response) {
    while (!text.empty()) {
        const std::string_view part = trimmed(text.substr(0, text.find(',')));
        text.remove_prefix(std::min(text.size(), std::min(text.find(','), text.size() - 1) + 1));
        if (equal_ignoring_case(part.substr(0, 8), "max-age=")) {
            if (!response.max_age_s) response.max_age_s = number<std::int64_t>(part.substr(8));
        } else if (equal_ignoring_case(part, "no-store") || equal_ignoring_case(part, "no-cache")) {
            response.max_age_s = 0;
        }
    }
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* user) {
    Job& job = *static_cast<Job*>(user);
    job.last_activity = Clock::now();
    const std::string_view line(bytes, size * count);
    if (line.starts_with("HTTP/")) {  // a new answer: the one before was a redirect or an interim one
        job.response = HttpResponse{};
        return line.size();
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    HttpResponse& response = job.response;
    if (equal_ignoring_case(name, "etag")) response.etag = value;
    if (equal_ignoring_case(name, "last-modified")) response.last_modified = value;
    if (equal_ignoring_case(name, "content-type")) response.content_type = value;
    if (equal_ignoring_case(name, "content-encoding")) response.content_encoding = value;
    if (equal_ignoring_case(name, "content-range")) response.content_range = value;
    if (equal_ignoring_case(name, "content-length")) response.content_length = number<std::uint64_t>(value);
    if (equal_ignoring_case(name, "content-length") || equal_ignoring_case(name, "transfer-encoding"))
        response.framed = true;
    // Of several challenges the one that asks for a token.
    if (equal_ignoring_case(name, "www-authenticate") &&
        (response.challenge.empty() || equal_ignoring_case(value.substr(0, 6), "bearer")))
        response.challenge = value;
    if (equal_ignoring_case(name, "cache-control")) read_cache_control(value, response);
    return line.size();
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
    Job& job = *static_cast<Job*>(user);
    job.last_activity = Clock::now();
    const std::string_view piece(bytes, size * count);
    HttpResponse& response = job.response;
    if (response.status == 0) ::curl_easy_getinfo(job.easy.get(), CURLINFO_RESPONSE_CODE, &response.status);
    response.received += piece.size();
    if (response.status != 200 && response.status != 206) return piece.size();  // nobody reads error pages
    if (response.received > job.request.body_cap) {
        job.stopped_by = Error{ErrorCode::integrity,
                               fmt::format("{}: the body exceeds the limit of {} bytes",
                                           shown_url(job.request.url), job.request.body_cap),
                               {{}, 0, 0},
                               {}};
        return CURL_WRITEFUNC_ERROR;
    }
    if (!job.request.sink) {
        if (response.body.empty())
            response.body.reserve(static_cast<std::size_t>(
                std::min<std::uint64_t>(response.content_length.value_or(0), 64U << 20U)));
        response.body.append(piece);
        return piece.size();
    }
    if (auto taken = job.request.sink(response, piece); !taken) {
        job.stopped_by = std::move(taken.error());
        return CURL_WRITEFUNC_ERROR;
    }
    return piece.size();
}

int on_connected(void* user, char*, char*, int, int) {
    Job& job = *static_cast<Job*>(user);
    job.on_the_wire = true;
    job.last_activity = Clock::now();
    return CURL_PREREQFUNC_OK;
}

bool worth_a_retry(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_SSL_CONNECT_ERROR:
            return true;
        default:
            return false;
    }
}

Error network_error(std::string message, std::string hint = {}) {
    return Error{ErrorCode::network, std::move(message), {{}, 0, 0}, std::move(hint)};
}

Error proxy_error(const std::string& shown) {
    return network_error(shown + ": the proxy asks who we are (HTTP 407)",
                         "Give user and password in the variables http_proxy and https_proxy: "
                         "http://user:password@proxy:port");
}

std::string hint_for(CURLcode code) {
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
            return "Set SSL_CERT_FILE to a bundle that holds the certificate authority of this server or "
                   "proxy";
        case CURLE_UNSUPPORTED_PROTOCOL:
            return "Use an https or http address; a redirect may not leave https";
        case CURLE_COULDNT_RESOLVE_HOST:
            return "Check the address, the network, or the proxy settings; `--offline` works from the cache";
        case CURLE_COULDNT_RESOLVE_PROXY:
            return "Check the variables http_proxy and https_proxy";
        default:
            return {};
    }
}

Verdict judge_status(Job& job, const TransferOptions& options) {
    const long status = job.response.status;
    const std::string shown = shown_url(job.request.url);
    long version = 0;
    ::curl_easy_getinfo(job.easy.get(), CURLINFO_HTTP_VERSION, &version);
    const bool framed = job.response.framed || version >= CURL_HTTP_VERSION_2_0;
    if ((status == 200 || status == 206) && !framed && !job.request.sink) {
        return {network_error(shown + ": the server does not say how long its answer is, so nobody can tell "
                                      "whether it is whole",
                              "Let the server, or the proxy before it, send Content-Length or chunks")};
    }
    if (status == 200 || status == 206 || status == 304 || status == 404 || status == 410 || status == 416)
        return {};
    if (status == 401 && job.request.may_be_unauthorized) return {};
    if (status == 403 && job.request.may_be_forbidden) return {};
    if (status == 407) return {proxy_error(shown)};
    if (status == 401 || status == 403) {
        return {network_error(fmt::format("{}: the server refuses access (HTTP {})", shown, status),
                              "Give credentials in the address or in ~/.netrc")};
    }
    Verdict verdict{network_error(fmt::format("{}: the server answered HTTP {}", shown, status))};
    verdict.retry =
        status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
    curl_off_t seconds = 0;
    ::curl_easy_getinfo(job.easy.get(), CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > options.longest_retry_after.count()) {
        verdict.retry = false;
        verdict.error->hint = fmt::format("Try again in {} seconds, as the server asks", seconds);
    }
    verdict.after = std::chrono::seconds(seconds);
    return verdict;
}

}  // namespace

Verdict judge(Job& job, CURLcode code, const TransferOptions& options) {
    ::curl_easy_getinfo(job.easy.get(), CURLINFO_RESPONSE_CODE, &job.response.status);
    const char* answered = nullptr;
    ::curl_easy_getinfo(job.easy.get(), CURLINFO_EFFECTIVE_URL, &answered);
    job.response.url = answered == nullptr ? job.request.url : without_credentials(answered);
    if (job.stopped_by) return {job.stopped_by};
    const std::string shown = shown_url(job.request.url);
    if (job.stalled) {
        return {network_error(fmt::format("{}: no byte for {} s after {} bytes", shown,
                                          options.stall_timeout.count() / 1000, job.response.received)),
                true};
    }
    if (code == CURLE_OK) return judge_status(job, options);
    long proxy_said = 0;
    ::curl_easy_getinfo(job.easy.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_said);
    if (proxy_said == 407) return {proxy_error(shown)};
    const char* detail = job.message[0] != '\0' ? job.message.data() : ::curl_easy_strerror(code);
    std::string message = fmt::format("{}: {}", shown, detail);
    if (job.response.received != 0) message += fmt::format(" (after {} bytes)", job.response.received);
    return {network_error(std::move(message), hint_for(code)), worth_a_retry(code)};
}

void Job::prepare(const Surroundings& around) {
    if (request.before_try) request.before_try(request);
    response = HttpResponse{};
    stopped_by.reset();
    stalled = on_the_wire = false;
    message[0] = '\0';
    last_activity = Clock::now();
    if (!easy) easy.reset(::curl_easy_init());
    ::curl_easy_reset(easy.get());
    curl_slist* list = nullptr;
    for (const std::string& header : request.headers) list = ::curl_slist_append(list, header.c_str());
    if (request.accept_gzip) list = ::curl_slist_append(list, "Accept-Encoding: gzip");
    headers.reset(list);
    const auto set = [this](CURLoption option, auto value) { ::curl_easy_setopt(easy.get(), option, value); };
    const std::string url = around.credentials->with_token(request.url);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_ERRORBUFFER, message.data());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_SHARE, around.share);
    set(CURLOPT_USERAGENT, "aimlock/0.1");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(around.options.connect_timeout.count()));
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 10L);
    const bool https = request.url.starts_with("https:");
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);  // our own URLs carry none; one in a redirect is refused
    if (!around.bundle->empty()) set(CURLOPT_CAINFO, around.bundle->c_str());
    if (!around.certificate_folder.empty()) set(CURLOPT_CAPATH, around.certificate_folder.c_str());
    if (const auto user = around.credentials->user_for(request.url)) set(CURLOPT_USERPWD, user->c_str());
    if (!request.range.empty()) set(CURLOPT_RANGE, request.range.c_str());
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(CURLOPT_PREREQFUNCTION, &on_connected);
    set(CURLOPT_PREREQDATA, static_cast<void*>(this));
}

}  // namespace aimlock::transfer
