#include "fetch/registry/reference.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_tag(std::string_view tag) {
    const auto plain = [](char c) {
        return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
    };
    return !tag.empty() && tag.size() <= 128 && tag.front() != '.' && tag.front() != '-' &&
           std::ranges::all_of(tag, plain);
}

bool is_host(std::string_view host) {
    const auto plain = [](char c) {
        return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':' ||
               c == '[' || c == ']';
    };
    // A word without dot or port is the first part of a repository.
    return std::ranges::all_of(host, plain) &&
           (host.find_first_of(".:") != std::string_view::npos || host == "localhost");
}

}  // namespace

bool is_loopback(std::string_view host) {
    if (host.starts_with("[::1]")) return true;
    const std::string_view name = host.substr(0, host.find(':'));
    return name == "localhost" ||
           (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

std::string RegistryReference::origin() const {
    return (is_loopback(host) ? "http://" : "https://") + host;
}

bool is_repository(std::string_view name) {
    if (name.empty() || name.size() > 255) return false;
    char before = '/';
    for (const char c : name) {
        const bool separates = c == '/' || c == '.' || c == '_' || c == '-';
        if (!separates && !is_lower_or_digit(c)) return false;
        if (separates && (before == '/' || (c == '/' && !is_lower_or_digit(before)))) return false;
        before = c;
    }
    return is_lower_or_digit(before);
}

Result<RegistryReference> read_registry_reference(std::string_view text) {
    const auto refused = [&](std::string_view why) {
        return fail(ErrorCode::usage,
                    fmt::format("`{}` is no place in a registry: {}", shown_name(text), why),
                    "write HOST[:PORT]/NAME[:TAG], as in registry.example/team/image:1.0");
    };
    if (text.find('@') != std::string_view::npos) return refused("it holds an `@`");
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos || !is_host(text.substr(0, slash)))
        return refused("it names no registry");
    RegistryReference reference;
    reference.host = text.substr(0, slash);
    std::string_view rest = text.substr(slash + 1);
    const std::size_t colon = rest.rfind(':');
    reference.tag = colon == std::string_view::npos ? "latest" : std::string(rest.substr(colon + 1));
    reference.repository = rest.substr(0, colon);
    if (!is_tag(reference.tag)) return refused("its tag is none");
    if (!is_repository(reference.repository))
        return refused("a repository is lower-case words joined by `/`");
    return reference;
}

}  // namespace aimlock
