#include "fetch/registry/login.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "fetch/credentials.hpp"
#include "fetch/registry/reference.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<std::string> from_base64(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') break;
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U) | static_cast<unsigned>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
    }
    return out;
}

/// The login for `host` in a file of docker's form.
std::optional<std::string> login_in(const std::filesystem::path& file, const std::string& host) {
    const auto text = read_whole_file(file);
    if (!text) return std::nullopt;
    simdjson::dom::parser parser;
    simdjson::dom::object auths;
    if (parser.parse(*text)["auths"].get(auths) != simdjson::SUCCESS) return std::nullopt;
    for (const std::string& key :
         {host, "https://" + host, "https://" + host + "/v1/", "https://" + host + "/v2/"}) {
        std::string_view encoded;
        if (auths[key]["auth"].get(encoded) != simdjson::SUCCESS) continue;
        auto login = from_base64(encoded);
        if (login && login->find(':') != std::string::npos) return login;
    }
    return std::nullopt;
}

std::string_view next_parameter(std::string_view& rest, std::string_view& name) {
    while (rest.starts_with(' ') || rest.starts_with(',')) rest.remove_prefix(1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) {
        rest = {};
        return {};
    }
    name = rest.substr(0, equals);
    rest.remove_prefix(equals + 1);
    if (!rest.starts_with('"')) {
        const std::string_view value = rest.substr(0, rest.find(','));
        rest.remove_prefix(value.size());
        return value;
    }
    rest.remove_prefix(1);
    const std::string_view value = rest.substr(0, rest.find('"'));
    rest.remove_prefix(std::min(rest.size(), value.size() + 1));
    return value;
}

}  // namespace

std::optional<AuthChallenge> read_challenge(std::string_view header) {
    AuthChallenge challenge;
    const std::size_t blank = header.find(' ');
    std::string scheme(header.substr(0, blank));
    for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (scheme != "bearer" && scheme != "basic") return std::nullopt;
    challenge.bearer = scheme == "bearer";
    std::string_view rest = blank == std::string_view::npos ? std::string_view{} : header.substr(blank + 1);
    while (!rest.empty()) {
        std::string_view name;
        const std::string_view value = next_parameter(rest, name);
        if (name == "realm") challenge.realm = value;
        if (name == "service") challenge.service = value;
    }
    if (challenge.bearer && challenge.realm.empty()) return std::nullopt;
    return challenge;
}

Result<std::string> token_url(const AuthChallenge& challenge,
                              const std::string& host,
                              const std::vector<std::string>& scopes) {
    const auto realm = split_url(challenge.realm);
    const bool safe = realm && realm->user_info.empty() &&
                      (realm->scheme == "https" ||
                       (realm->scheme == "http" && is_loopback(realm->host) && is_loopback(host)));
    if (!safe)
        return fail(ErrorCode::refused, fmt::format("{} sends logins to a server without https", host));
    std::string url = challenge.realm;
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += "service=" + percent_encoded(challenge.service);
    for (const std::string& scope : scopes) url += "&scope=" + percent_encoded(scope);
    return url;
}

Result<std::string> token_header(const std::string& answer, const std::string& host) {
    simdjson::dom::parser parser;
    std::string_view token;
    const auto document = parser.parse(answer);
    const bool found = document["token"].get(token) == simdjson::SUCCESS ||
                       document["access_token"].get(token) == simdjson::SUCCESS;
    // A token with a line end would be a header of its own.
    const bool plain = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
    if (!found || !plain)
        return fail(ErrorCode::network, fmt::format("{}: the token server gives no token", host));
    return fmt::format("Authorization: Bearer {}", token);
}

std::optional<std::string> registry_user(const Environment& environment, const std::string& host) {
    std::vector<std::filesystem::path> files;
    if (const auto named = environment.get("REGISTRY_AUTH_FILE")) files.emplace_back(*named);
    if (const auto runtime = environment.get("XDG_RUNTIME_DIR"))
        files.push_back(std::filesystem::path(*runtime) / "containers/auth.json");
    if (const auto docker = environment.get("DOCKER_CONFIG")) {
        files.push_back(std::filesystem::path(*docker) / "config.json");
    } else if (!environment.home.empty()) {
        files.push_back(environment.home / ".docker/config.json");
    }
    for (const std::filesystem::path& file : files) {
        if (auto login = login_in(file, host)) return login;
    }
    return Credentials(environment).user_for("https://" + host + "/");
}

std::string basic_header(std::string_view text) {
    std::string out = "Authorization: Basic ";
    for (std::size_t at = 0; at < text.size(); at += 3) {
        const std::string_view group = text.substr(at, 3);
        unsigned bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = (bits << 8U) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out +=
                i <= group.size() ? alphabet[(bits >> (18U - 6U * static_cast<unsigned>(i))) & 0x3FU] : '=';
    }
    return out;
}

std::string Authorization::header() const {
    const std::lock_guard lock(mutex_);
    return header_;
}

void Authorization::set(std::string header) {
    const std::lock_guard lock(mutex_);
    header_ = std::move(header);
}

}  // namespace aimlock
