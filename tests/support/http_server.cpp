#include "tests/support/http_server.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aimlock::testing {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Reads up to the blank line; nullopt when the client is gone.
std::optional<SeenRequest> read_request(int connection, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
        char piece[4096];
        const ssize_t size = ::recv(connection, piece, sizeof piece, 0);
        if (size <= 0) return std::nullopt;
        buffer.append(piece, static_cast<std::size_t>(size));
    }
    std::string_view head(buffer.data(), end + 2);
    SeenRequest request;
    const std::size_t first = head.find(' ');
    const std::size_t second = head.find(' ', first + 1);
    request.method = head.substr(0, first);
    request.path = head.substr(first + 1, second - first - 1);
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
        const std::size_t line_end = head.find("\r\n");
        const std::string_view line = head.substr(0, line_end);
        const std::size_t colon = line.find(':');
        request.headers[lower(std::string(line.substr(0, colon)))] =
            line.substr(std::min(colon + 2, line.size()));
        head.remove_prefix(line_end + 2);
    }
    buffer.erase(0, end + 4);
    return request;
}

bool send_all(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace

std::string SeenRequest::header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
}

HttpServer::HttpServer(std::map<std::string, Reply> files)
    : HttpServer([files = std::move(files)](const SeenRequest& request) {
          const auto found = files.find(request.path);
          return found == files.end() ? Reply{.status = 404} : found->second;
      }) {}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("no loopback port");
    }
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_connections(); });
}

HttpServer::~HttpServer() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int connection : connections_) ::close(connection);
    ::close(listener_);
}

std::string HttpServer::host() const {
    return "127.0.0.1:" + std::to_string(port_);
}
std::string HttpServer::url(std::string_view path) const {
    return "http://" + host() + std::string(path);
}

std::vector<SeenRequest> HttpServer::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

void HttpServer::accept_connections() {
    for (;;) {
        const int connection = ::accept(listener_, nullptr, nullptr);
        if (connection < 0) {
            if (ending_) return;
            continue;
        }
        const int yes = 1;
        ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        const std::lock_guard lock(mutex_);
        connections_.push_back(connection);
        threads_.emplace_back([this, connection] { serve(connection); });
    }
}

// Connections are closed by the destructor alone, so that no descriptor is used again while a thread still
// knows it.
void HttpServer::serve(int connection) {
    std::string buffer;
    while (const auto request = read_request(connection, buffer)) {
        {
            const std::lock_guard lock(mutex_);
            seen_.push_back(*request);
        }
        if (!answer(connection, *request)) break;
    }
    ::shutdown(connection, SHUT_RDWR);
}

bool HttpServer::answer(int connection, const SeenRequest& request) {
    const Reply reply = handler_(request);
    if (reply.delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(reply.delay_ms));
    const bool bodyless = reply.status == 304 || reply.status == 204;
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " x\r\n";
    if (!bodyless && !reply.unframed)
        head += "Content-Length: " + std::to_string(reply.stated_length.value_or(reply.body.size())) + "\r\n";
    for (const std::string& header : reply.headers) head += header + "\r\n";
    if (!send_all(connection, head + "\r\n")) return false;
    const std::string_view body =
        std::string_view(reply.body).substr(0, reply.send_only.value_or(reply.body.size()));
    if (reply.trickle_ms > 0) {
        for (const char byte : body) {
            std::this_thread::sleep_for(std::chrono::milliseconds(reply.trickle_ms));
            if (!send_all(connection, {&byte, 1})) return false;
        }
    } else if (!bodyless && !send_all(connection, body)) {
        return false;
    }
    if (reply.stall) {
        char byte = 0;
        ::recv(connection, &byte, 1, 0);  // until the client or the server's end goes away
        return false;
    }
    if (reply.reset) {
        const linger hard{1, 0};
        ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        // Only a close sends RST; the number stays ours by making it another descriptor's.
        const int null = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ::dup2(null, connection);
        ::close(null);
        return false;
    }
    return !reply.unframed && !reply.send_only && !reply.stated_length;
}

Reply HttpServer::ranged(const SeenRequest& request, std::string_view whole) {
    const std::string range = request.header("range");
    if (!range.starts_with("bytes=")) return Reply{.body = std::string(whole)};
    const std::string_view text = std::string_view(range).substr(6);
    const std::size_t dash = text.find('-');
    std::size_t begin = 0;
    std::size_t end = whole.size();
    if (dash == 0) {
        begin = whole.size() - std::min<std::size_t>(whole.size(), std::stoul(std::string(text.substr(1))));
    } else {
        begin = std::stoul(std::string(text.substr(0, dash)));
        if (dash + 1 < text.size())
            end = std::min<std::size_t>(whole.size(), std::stoul(std::string(text.substr(dash + 1))) + 1);
    }
    if (begin >= end)
        return Reply{.status = 416, .headers = {"Content-Range: bytes */" + std::to_string(whole.size())}};
    const std::string stated = "Content-Range: bytes " + std::to_string(begin) + "-" +
                               std::to_string(end - 1) + "/" + std::to_string(whole.size());
    return Reply{.status = 206, .headers = {stated}, .body = std::string(whole.substr(begin, end - begin))};
}

}  // namespace aimlock::testing
