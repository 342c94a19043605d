#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/wiring/image.hpp"
#include "cli/wiring/request.hpp"
#include "image/layers.hpp"
#include "lock/lockfile.hpp"
#include "lock/manifest/manifest.hpp"

namespace aimlock::cli {

/// All that an image is made of, before anything is written.
struct ImageDraft {
    Lock lock;
    std::filesystem::path folder;  ///< of the lock
    std::string name;              ///< of the workspace
    ImageManifest image;
    std::string target;
    LayerPlan plan;
    std::optional<LayerPlan> previous;  ///< what lies beside the lock
    std::set<PackageKey> asked;
    std::vector<std::string> warnings;  ///< of the base; said already
};

/// Reads lock, manifest and the previous plan, and plans the layers.
Checked<ImageDraft> draft_image(const ImageFlags& flags, Console& console);

}  // namespace aimlock::cli
