#include <array>

#include <curl/curl.h>

#include "fetch/transfer.hpp"

namespace aimlock {

Result<std::string> certificate_bundle(const Environment& environment) {
    if (const auto given = environment.get("SSL_CERT_FILE")) {
        const auto text = read_whole_file(*given);
        if (!text || text->find("-----BEGIN") == std::string::npos) {
            return fail(ErrorCode::network,
                        "SSL_CERT_FILE names " + *given + ", which is not a readable certificate bundle",
                        "Correct SSL_CERT_FILE or unset it");
        }
        return *given;
    }
    std::error_code ignored;
    const curl_version_info_data* curl = ::curl_version_info(CURLVERSION_NOW);
    if (curl->age >= CURLVERSION_TENTH && curl->cainfo != nullptr &&
        std::filesystem::exists(curl->cainfo, ignored))
        return {};
    static constexpr std::array places{"/etc/ssl/certs/ca-certificates.crt",
                                       "/etc/pki/tls/certs/ca-bundle.crt",
                                       "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                       "/etc/ssl/ca-bundle.pem",
                                       "/etc/ssl/cert.pem",
                                       "/var/lib/ca-certificates/ca-bundle.pem"};
    for (const char* place : places) {
        if (std::filesystem::exists(place, ignored)) return std::string(place);
    }
    return {};
}

}  // namespace aimlock
