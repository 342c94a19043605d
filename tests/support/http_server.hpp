#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aimlock::testing {

/// A request as the server saw it. Header names are lower case.
struct SeenRequest {
    std::string method;
    std::string path;
    std::map<std::string, std::string, std::less<>> headers;

    [[nodiscard]] std::string header(std::string_view name) const;
};

/// What the server answers, faults included.
struct Reply {
    int status = 200;
    std::vector<std::string> headers{};  ///< "ETag: x"
    std::string body{};
    std::optional<std::uint64_t> stated_length{};  ///< a Content-Length that lies
    bool unframed = false;                         ///< no Content-Length: the connection's end ends the body
    std::optional<std::size_t> send_only{};        ///< bytes of the body, then the connection ends
    bool reset = false;                            ///< end it with RST instead of FIN
    bool stall = false;  ///< keep the connection open and silent instead of ending it
    int delay_ms = 0;    ///< before the answer
    int trickle_ms = 0;  ///< the body goes byte by byte, with this pause before each
};

/// A plain HTTP/1.1 server on a free loopback port, one thread a connection. The handler runs on those
/// threads.
class HttpServer {
public:
    using Handler = std::function<Reply(const SeenRequest&)>;
    explicit HttpServer(Handler handler);
    /// Serves `files` by path; others are 404.
    explicit HttpServer(std::map<std::string, Reply> files);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// "http://127.0.0.1:PORT" + path.
    [[nodiscard]] std::string url(std::string_view path = {}) const;
    /// "127.0.0.1:PORT".
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::vector<SeenRequest> seen() const;
    [[nodiscard]] std::size_t count() const { return seen().size(); }

    /// Cuts `whole` as a Range header asks, with status 206 and Content-Range; without a Range header: 200.
    static Reply ranged(const SeenRequest& request, std::string_view whole);

private:
    void accept_connections();
    void serve(int connection);
    bool answer(int connection, const SeenRequest& request);

    Handler handler_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> ending_{false};
    mutable std::mutex mutex_;
    std::vector<SeenRequest> seen_;
    std::vector<int> connections_;
    std::vector<std::thread> threads_;
    std::thread accepting_;
};

}  // namespace aimlock::testing
