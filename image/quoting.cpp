#include "image/quoting.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace aimlock {
namespace {

Result<void> refuse_control(std::string_view value, std::string_view what) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(value.begin(), value.end(), control)) {
        return fail(ErrorCode::refused, fmt::format("{} holds a control character", what),
                    "write it on one line, without tabs");
    }
    return {};
}

}  // namespace

Result<std::string> dockerfile_quoted(std::string_view value, std::string_view what) {
    if (auto plain = refuse_control(value, what); !plain) return tl::make_unexpected(plain.error());
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\' || c == '$') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string json_quoted(std::string_view value) {
    return nlohmann::json(std::string(value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::string> exec_form(const std::vector<std::string>& words, std::string_view what) {
    std::string out = "[";
    for (const std::string& word : words) {
        if (auto plain = refuse_control(word, what); !plain) return tl::make_unexpected(plain.error());
        out += (out.size() > 1 ? ", " : "") + json_quoted(word);
    }
    return out + "]";
}

std::string compose_quoted(std::string_view value) {
    std::string doubled;
    for (const char c : value) doubled += c == '$' ? "$$" : std::string(1, c);
    return json_quoted(doubled);
}

bool holds_only(std::string_view value, std::string_view also) {
    const auto allowed = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               also.find(c) != std::string_view::npos;
    };
    return !value.empty() && std::all_of(value.begin(), value.end(), allowed);
}

}  // namespace aimlock
