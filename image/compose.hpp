#pragma once

#include <string>
#include <vector>

#include "lock/manifest/manifest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What compose.yaml, devcontainer.json and docker-bake.json are written from.
struct ServiceSettings {
    std::string name;  ///< of the workspace: the image's name
    ImageManifest image;
    std::vector<unsigned> ports;  ///< as the Dockerfile exposes them
};

/// compose.yaml with the services gpu-dev and cpu-dev over the one image; Compose 1.28 and newer read it.
std::string render_compose(const ServiceSettings& settings);

/// A name that image references and Compose projects take: lower case, other characters as `-`.
std::string image_name(std::string_view workspace);

}  // namespace aimlock
