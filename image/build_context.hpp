#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fetch/package_store.hpp"
#include "image/compose.hpp"
#include "image/dockerfile.hpp"
#include "image/layers.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// The name of the plan's file, beside the lock.
inline constexpr std::string_view layer_plan_file = "aimlock.layers";

/// What a build context is written from.
struct BuildContext {
    std::filesystem::path folder;         ///< holds the Dockerfile; the lock lies here
    const LayerPlan* previous = nullptr;  ///< the plan that the folder holds now
    DockerfileSettings dockerfile;
    std::filesystem::path installer;  ///< checked; its digest is in `dockerfile`
    PackageStore* pool = nullptr;     ///< with `dockerfile.vendored`: where the archives come from
    bool force = false;               ///< replace files that aimlock did not write
};

/// Writes all that a builder needs (image/README.md lists it) and removes what an earlier plan left there.
/// Returns the files for people, relative to the folder. Everything is rendered and every file of the user is
/// looked at before the first byte is written; the plan comes last.
Result<std::vector<std::string>> write_build_context(const Lock& lock,
                                                     const LayerPlan& plan,
                                                     const BuildContext& context,
                                                     Progress& progress);

/// Hard-links (or copies) the archive of every package of `plan` to `destination/<layer>/`, a pool of that
/// layer's own; the store verifies it on the way.
Result<void> split_pool(const Lock& lock,
                        const LayerPlan& plan,
                        PackageStore& pool,
                        const std::filesystem::path& destination,
                        Progress& progress);

}  // namespace aimlock
