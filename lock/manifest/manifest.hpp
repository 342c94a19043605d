#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/model/request.hpp"

namespace aimlock {

/// The [image] table.
struct ImageManifest {
    std::string base;
    std::string target;  ///< empty: the only target, else the first
    unsigned layers = 16;
    std::vector<unsigned> ports;
    std::vector<std::string> command;
    std::string user = "1000:1000";
    std::string workdir = "/workspace";
    std::map<std::string, std::string> env;
    std::vector<std::string> healthcheck;
    std::vector<std::string> apt;
    bool compose_gpus = false;
    std::vector<std::string> secrets;
};

/// A manifest as read: the request and, where present, the image.
struct Manifest {
    std::string file;
    Request request;
    std::optional<ImageManifest> image;
    std::optional<std::string> channel_alias;  ///< what channel names are resolved against
    /// Only `extra-index-urls` were written: the user's own index comes after `request.indexes`.
    bool user_index_last = false;
    std::vector<std::string>
        notes;  ///< what was read past, for people: a key of environment.yml with no meaning here
};

/// Reads aimlock.toml. Errors carry line and column; an unknown key names the nearest known one. All errors
/// of meaning are reported (up to 10), of syntax the first.
tl::expected<Manifest, std::vector<Error>> read_manifest(std::string_view text, const std::string& file);

}  // namespace aimlock
