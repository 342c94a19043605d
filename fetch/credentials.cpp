#include "fetch/credentials.hpp"

#include <sstream>

#include "fetch/url.hpp"

namespace aimlock {

Credentials::Credentials(const Environment& environment) {
    std::filesystem::path file = environment.get("NETRC").value_or(std::string{});
    if (file.empty() && !environment.home.empty()) file = environment.home / ".netrc";
    if (file.empty()) return;
    if (const auto text = read_whole_file(file)) read_netrc(*text);
}

// We read netrc ourselves: curl 7.88 can hand the password of one host to the host of a redirect
// (CVE-2024-11053).
void Credentials::read_netrc(std::string_view text) {
    std::istringstream words{std::string(text)};
    std::string word;
    std::string host;
    std::string login;
    std::string password;
    const auto close = [&] {
        if (!host.empty() && !login.empty()) netrc_users_.emplace(host, login + ":" + password);
        host.clear();
        login.clear();
        password.clear();
    };
    while (words >> word) {
        if (word.starts_with('#')) {
            std::getline(words, word);
        } else if (word == "machine") {
            close();
            words >> host;
        } else if (word == "default") {
            close();
            host = "*";
        } else if (word == "login") {
            words >> login;
        } else if (word == "password") {
            words >> password;
        } else if (word == "macdef") {
            close();
            while (std::getline(words, word) && !word.empty()) {
            }
        }
    }
    close();
}

std::string Credentials::learn(std::string_view url) {
    std::optional<UrlParts> parts = split_url(url);
    if (!parts) return std::string(url);
    const std::lock_guard lock(mutex_);
    if (!parts->user_info.empty()) users_[parts->origin()] = percent_decoded(parts->user_info);
    parts->user_info.clear();
    if (parts->path.starts_with("/t/")) {
        const std::size_t end = std::min(parts->path.find('/', 3), parts->path.size());
        tokens_[parts->origin()] = parts->path.substr(3, end - 3);
        parts->path.erase(0, end);
    }
    return parts->text();
}

std::optional<std::string> Credentials::user_for(std::string_view url) const {
    const std::optional<UrlParts> parts = split_url(url);
    if (!parts) return std::nullopt;
    const std::lock_guard lock(mutex_);
    if (const auto found = users_.find(parts->origin()); found != users_.end()) return found->second;
    const std::string host = parts->host.substr(0, parts->host.find(':'));
    if (const auto found = netrc_users_.find(host); found != netrc_users_.end()) return found->second;
    if (const auto found = netrc_users_.find("*"); found != netrc_users_.end()) return found->second;
    return std::nullopt;
}

std::string Credentials::with_token(std::string_view url) const {
    std::optional<UrlParts> parts = split_url(url);
    if (!parts || parts->path.starts_with("/t/")) return std::string(url);
    const std::lock_guard lock(mutex_);
    const auto found = tokens_.find(parts->origin());
    if (found == tokens_.end()) return std::string(url);
    parts->path.insert(0, "/t/" + found->second);
    return parts->text();
}

}  // namespace aimlock
