#include "image/replay/direct_url_json.hpp"

#include <nlohmann/json.hpp>

#include "solver/spec/direct_url.hpp"

namespace aimlock {

std::string direct_url_json(const Package& package) {
    if (!package.direct) return {};
    using nlohmann::json;
    json document = json::object();
    if (package.artifact == ArtifactKind::git) {
        const std::string commit = commit_of(package.url);
        document["url"] = repository_of(package.url).substr(4);  // without "git+"
        document["vcs_info"] = {{"vcs", "git"}, {"requested_revision", commit}, {"commit_id", commit}};
    } else {
        const std::string hex = package.sha256.hex();
        document["url"] = package.url;
        document["archive_info"] = {{"hash", "sha256=" + hex}, {"hashes", {{"sha256", hex}}}};
    }
    if (!package.subdirectory.empty()) document["subdirectory"] = package.subdirectory;
    return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace aimlock
