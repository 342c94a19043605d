#include "fetch/registry/http_call.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <mutex>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "fetch/url.hpp"

namespace aimlock::registry {
namespace {

constexpr std::size_t most_body = std::size_t{64} << 10U;

struct EasyFree {
    void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};
struct ListFree {
    void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};

struct Body {
    const Call& call;
    std::uint64_t sent = 0;

    [[nodiscard]] std::uint64_t size() const { return call.file >= 0 ? call.size : call.body.size(); }
};

std::size_t on_read(char* into, std::size_t size, std::size_t count, void* user) {
    Body& body = *static_cast<Body*>(user);
    const std::size_t room =
        static_cast<std::size_t>(std::min<std::uint64_t>(size * count, body.size() - body.sent));
    if (room == 0) return 0;
    if (body.call.file < 0) {
        std::copy_n(body.call.body.data() + body.sent, room, into);
        body.sent += room;
        return room;
    }
    ::ssize_t got = -1;
    do {
        got = ::pread(body.call.file, into, room, static_cast<::off_t>(body.call.offset + body.sent));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return CURL_READFUNC_ABORT;
    body.sent += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
}

int on_seek(void* user, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Body*>(user)->sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
    Answer& answer = *static_cast<Answer*>(user);
    answer.body.append(bytes, std::min(size * count, most_body - std::min(most_body, answer.body.size())));
    return size * count;
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* user) {
    Answer& answer = *static_cast<Answer*>(user);
    const std::string_view line(bytes, size * count);
    if (line.starts_with("HTTP/")) answer = Answer{};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "location") answer.location = value;
    if (name == "range") answer.range = value;
    if (name == "docker-content-digest") answer.digest = value;
    // Of several challenges the one that asks for a token.
    if (name == "www-authenticate" && (answer.challenge.empty() || value.starts_with("Bearer")))
        answer.challenge = value;
    return line.size();
}

void start_curl() {
    static std::once_flag once;
    std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

struct HttpConnection::State {
    std::unique_ptr<CURL, EasyFree> easy;
    std::string bundle;
};

HttpConnection::HttpConnection(std::string bundle) : state_(std::make_unique<State>()) {
    start_curl();
    state_->bundle = std::move(bundle);
    state_->easy.reset(::curl_easy_init());
}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;

Result<Answer> HttpConnection::send(const Call& call) {
    CURL* easy = state_->easy.get();
    if (easy == nullptr) return fail(ErrorCode::internal, "curl gives no connection");
    ::curl_easy_reset(easy);
    curl_slist* list = ::curl_slist_append(nullptr, "Expect:");
    for (const std::string& header : call.headers) list = ::curl_slist_append(list, header.c_str());
    const std::unique_ptr<curl_slist, ListFree> headers(list);
    std::array<char, CURL_ERROR_SIZE> message{};
    Answer answer;
    Body body{call};
    const auto set = [&](CURLoption option, auto value) { ::curl_easy_setopt(easy, option, value); };
    set(CURLOPT_URL, call.url.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_ERRORBUFFER, message.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "aimlock/0.1");
    set(CURLOPT_CONNECTTIMEOUT, 10L);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, 60L);
    set(CURLOPT_PROTOCOLS_STR, call.url.starts_with("https:") ? "https" : "http");
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    if (!state_->bundle.empty()) set(CURLOPT_CAINFO, state_->bundle.c_str());
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&answer));
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&answer));
    if (call.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (call.method != "GET") {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
        set(CURLOPT_READFUNCTION, &on_read);
        set(CURLOPT_READDATA, static_cast<void*>(&body));
        set(CURLOPT_SEEKFUNCTION, &on_seek);
        set(CURLOPT_SEEKDATA, static_cast<void*>(&body));
    }
    const CURLcode code = ::curl_easy_perform(easy);
    if (code != CURLE_OK) {
        const char* detail = message[0] != '\0' ? message.data() : ::curl_easy_strerror(code);
        return fail(ErrorCode::network, fmt::format("{}: {}", shown_url(call.url), detail));
    }
    ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_off_t seconds = 0;
    ::curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    answer.retry_after_s = static_cast<std::uint64_t>(std::max<curl_off_t>(seconds, 0));
    answer.worth_a_retry = answer.status == 408 || answer.status == 429 ||
                           (answer.status >= 500 && answer.status != 501 && answer.status != 505);
    return answer;
}

}  // namespace aimlock::registry
