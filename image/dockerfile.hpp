#pragma once

#include <cstdint>
#include <string>

#include "image/image_facts.hpp"
#include "image/layers.hpp"
#include "lock/lockfile.hpp"
#include "lock/manifest/manifest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// portable: RUN --mount, read by BuildKit, buildah and podman. classic: COPY instead, for DOCKER_BUILDKIT=0.
enum class Dialect : std::uint8_t { portable, classic };

/// What a Dockerfile is written from, beside the lock and its plan.
struct DockerfileSettings {
    std::string name;     ///< of the workspace; a label
    ImageManifest image;  ///< the [image] table; its `base` is used where the lock has none
    Sha256 installer;     ///< of the program at .aimlock/bin/aimlock
    Dialect dialect = Dialect::portable;
    bool vendored =
        false;  ///< each layer's files lie in .aimlock/pool/<layer>; else they are fetched in the RUN
};

/// The Dockerfile that replays `lock` by `plan`: a stage a layer, a final stage that takes them over. The
/// same input is the same text. Refuses values of the manifest that cannot be quoted, a missing base, and
/// packages that a build could not fetch.
Result<std::string> render_dockerfile(const Lock& lock,
                                      const LayerPlan& plan,
                                      const DockerfileSettings& settings);

/// The program that runs in each stage with Python source (.aimlock/byte_code.py): compiles it so that the
/// same layer is the same bytes in every build.
std::string byte_code_program();

}  // namespace aimlock
