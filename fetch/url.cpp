#include "fetch/url.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool names_a_secret(std::string_view parameter) {
    static constexpr std::array words{"token",    "key",    "auth",   "sig",
                                      "password", "passwd", "secret", "credential"};
    const std::string name = to_lower(parameter.substr(0, parameter.find('=')));
    return std::ranges::any_of(words, [&](const char* word) { return name.find(word) != std::string::npos; });
}

std::string without_secret_parameters(std::string_view path) {
    const std::size_t mark = path.find('?');
    if (mark == std::string_view::npos) return std::string(path);
    std::string out(path.substr(0, mark));
    std::string_view query = path.substr(mark + 1);
    char joint = '?';
    while (!query.empty()) {
        const std::string_view parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
        if (names_a_secret(parameter)) continue;
        out += joint;
        out += parameter;
        joint = '&';
    }
    return out;
}

/// Conda's own way to carry a secret: `/t/<token>/` at the head of the path.
std::string without_token(std::string path) {
    if (!path.starts_with("/t/")) return path;
    const std::size_t end = path.find('/', 3);
    return end == std::string::npos ? std::string("/") : path.substr(end);
}

/// Removes `.` and `..` segments (RFC 3986, 5.2.4); a query stays as it is.
std::string normal_path(std::string_view path) {
    const std::string_view query = path.substr(std::min(path.find('?'), path.size()));
    path.remove_suffix(query.size());
    std::vector<std::string_view> kept;
    std::size_t at = path.starts_with('/') ? 1 : 0;
    while (at <= path.size()) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view segment = path.substr(at, end - at);
        const bool last = end == path.size();
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
            if (last) kept.emplace_back();
        } else if (segment != ".") {
            kept.push_back(segment);
        } else if (last) {
            kept.emplace_back();
        }
        at = end + 1;
    }
    std::string out;
    for (const std::string_view segment : kept) out.append("/").append(segment);
    return out.append(query);
}

}  // namespace

std::string UrlParts::text() const {
    std::string out = scheme + "://";
    if (!user_info.empty()) out += user_info + "@";
    out += host + path;
    if (!fragment.empty()) out += "#" + fragment;
    return out;
}

std::optional<UrlParts> split_url(std::string_view url) {
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const auto allowed = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
    if (!std::ranges::all_of(url.substr(0, colon), allowed)) return std::nullopt;
    UrlParts parts;
    parts.scheme = to_lower(url.substr(0, colon));
    std::string_view rest = url.substr(colon + 3);
    if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
        parts.fragment = rest.substr(hash + 1);
        rest = rest.substr(0, hash);
    }
    const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, slash);
    parts.path = rest.substr(slash);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        parts.user_info = authority.substr(0, at);
        authority = authority.substr(at + 1);
    }
    parts.host = to_lower(authority);
    return parts;
}

std::string without_trailing_slashes(std::string text) {
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

bool is_url(std::string_view text) {
    const std::string head = to_lower(text.substr(0, 8));
    return head.starts_with("http://") || head.starts_with("https://") || head.starts_with("file://");
}

bool is_file_url(std::string_view text) {
    return to_lower(text.substr(0, 7)) == "file://";
}

bool is_oci_url(std::string_view text) {
    return to_lower(text.substr(0, 6)) == "oci://";
}

bool is_channel_url(std::string_view text) {
    return is_url(text) || is_oci_url(text);
}

std::string without_credentials(std::string_view url) {
    std::optional<UrlParts> parts = split_url(url);
    if (!parts) return std::string(url);
    parts->user_info.clear();
    parts->fragment.clear();
    parts->path = without_secret_parameters(without_token(std::move(parts->path)));
    return parts->text();
}

std::string shown_url(std::string_view url) {
    std::string clean = without_credentials(url);
    if (is_channel_url(clean)) clean.resize(std::min(clean.find('?'), clean.size()));
    std::string out;
    for (const char c : clean) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return out;
}

std::string join_url(std::string_view base, std::string_view reference) {
    const std::size_t colon = reference.find(':');
    if (split_url(reference)) return std::string(reference);
    if (colon != std::string_view::npos && colon < reference.find('/')) return std::string(reference);
    std::optional<UrlParts> parts = split_url(base);
    if (!parts) return std::string(reference);
    if (reference.starts_with("//")) return parts->scheme + ":" + std::string(reference);
    parts->fragment.clear();
    if (const std::size_t hash = reference.find('#'); hash != std::string_view::npos) {
        parts->fragment = reference.substr(hash + 1);
        reference = reference.substr(0, hash);
    }
    std::string_view path = parts->path;
    path = path.substr(0, path.find('?'));
    if (reference.starts_with('/')) {
        parts->path = normal_path(reference);
    } else if (reference.starts_with('?')) {
        parts->path = std::string(path).append(reference);
    } else if (!reference.empty()) {
        const std::size_t slash = path.rfind('/');
        std::string joined(slash == std::string_view::npos ? "/" : path.substr(0, slash + 1));
        parts->path = normal_path(joined.append(reference));
    }
    return parts->text();
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low < 0) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::filesystem::path path_of_file_url(std::string_view url) {
    const std::optional<UrlParts> parts = split_url(url);
    if (!parts) return std::string(url);
    return percent_decoded(parts->path);
}

std::string file_url_of(const std::filesystem::path& path) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out = "file://";
    for (const char c : path.generic_string()) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain =
            is_alnum(c) || std::string_view("/-._~+=:,@!$&'()*").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out.append("%").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
        }
    }
    return out;
}

}  // namespace aimlock
