#include "fetch/library_version.hpp"

#include <curl/curl.h>

namespace aimlock {

std::string http_library_version() {
    const curl_version_info_data* curl = ::curl_version_info(CURLVERSION_NOW);
    std::string parts;
    if (curl->ssl_version != nullptr) parts += curl->ssl_version;
    if (curl->age >= CURLVERSION_SEVENTH && curl->nghttp2_version != nullptr) {
        parts += std::string(parts.empty() ? "" : ", ") + "nghttp2/" + curl->nghttp2_version;
    }
    return std::string("libcurl ") + curl->version + (parts.empty() ? "" : " (" + parts + ")");
}

}  // namespace aimlock
