#pragma once

#include <string>

#include "image/compose.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {

/// .dockerignore: the build context is the lock's slices and what lies in .aimlock, nothing of the workspace.
std::string render_dockerignore();

/// .devcontainer/devcontainer.json over the Dockerfile; a machine without a GPU can open it.
std::string render_devcontainer(const ServiceSettings& settings);

/// docker-bake.json with the targets gpu, cpu and dev over the one Dockerfile, times rewritten so that builds
/// repeat.
std::string render_bake(const ServiceSettings& settings);

}  // namespace aimlock
