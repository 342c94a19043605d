#pragma once

#include <string>

namespace aimlock {

/// The HTTP client in use: "libcurl 7.88.1 (OpenSSL/3.0.17, nghttp2/1.52.0)".
std::string http_library_version();

}  // namespace aimlock
