#include "lock/address.hpp"

#include <algorithm>

namespace aimlock {
namespace {

bool is_scheme(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
               c == '-' || c == '.';
    });
}

}  // namespace

Address split_address(std::string_view text) {
    Address address;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
        address.path = text;
        return address;
    }
    address.scheme = text.substr(0, colon);
    std::string_view rest = text.substr(colon + 3);
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    std::string_view authority = rest.substr(0, end);
    // A backslash ends the authority for some clients and not for others: the last `@` is the cautious
    // reading.
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        address.userinfo = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    address.host = authority;
    address.path = rest.substr(end);
    return address;
}

bool is_web(const Address& address) {
    return address.scheme == "https" || address.scheme == "http" || address.scheme == "oci";
}

bool is_relative_path(std::string_view text) {
    const Address address = split_address(text);
    return address.scheme.empty() && !address.path.empty() && address.path.front() != '/';
}

std::string without_secrets(std::string_view text) {
    const Address address = split_address(text);
    if (address.scheme.empty()) return std::string(text);
    std::string_view path = address.path;
    if (is_web(address)) path = path.substr(0, path.find_first_of("?#"));
    return std::string(address.scheme) + "://" + std::string(address.host) + std::string(path);
}

std::string_view without_trailing_slash(std::string_view text) {
    while (text.size() > 1 && text.back() == '/') text.remove_suffix(1);
    return text;
}

}  // namespace aimlock
