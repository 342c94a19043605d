#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

namespace aimlock::registry {

/// One request to a registry. Its body is either bytes or a part of an open file.
struct Call {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers;
    std::string_view body;
    int file = -1;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  ///< of the part of `file`
};

struct Answer {
    long status = 0;
    std::string location;
    std::string range;
    std::string challenge;  ///< WWW-Authenticate
    std::string digest;     ///< Docker-Content-Digest
    std::string body;       ///< its first 64 KiB
    bool worth_a_retry = false;
    std::uint64_t retry_after_s = 0;
};

/// One connection, for one thread. Requests that could not be answered at all are errors of code `network`;
/// every status is an answer. Nothing of a header or of a query ends up in a message.
class HttpConnection {
public:
    /// `bundle`: the certificates to verify with; empty: curl's own.
    explicit HttpConnection(std::string bundle);
    ~HttpConnection();
    HttpConnection(HttpConnection&&) noexcept;
    HttpConnection& operator=(HttpConnection&&) = delete;
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    Result<Answer> send(const Call& call);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace aimlock::registry
