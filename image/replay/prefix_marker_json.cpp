#include "image/replay/prefix_marker_json.hpp"

#include <nlohmann/json.hpp>

namespace aimlock {

using nlohmann::json;

std::string marker_json(const PrefixMarker& marker) {
    json wheels = json::object();
    for (const Package* wheel : marker.wheels) wheels[wheel->name] = wheel->sha256.hex();
    const json document = {{"schema", 1},
                           {"target", marker.target},
                           {"prefix", marker.prefix},
                           {"packages", marker.packages.hex()},
                           {"wheels", std::move(wheels)}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<PrefixMarker> marker_of(const std::string& text) {
    const json document = json::parse(text, nullptr, false);
    if (!document.is_object() || !document.contains("packages") || !document["packages"].is_string())
        return std::nullopt;
    const auto digest = Sha256::from_hex(document["packages"].get<std::string>());
    if (!digest) return std::nullopt;
    const auto text_at = [&](const char* key) {
        return document.contains(key) && document[key].is_string() ? document[key].get<std::string>()
                                                                   : std::string();
    };
    return PrefixMarker{text_at("target"), text_at("prefix"), *digest, {}};
}

}  // namespace aimlock
