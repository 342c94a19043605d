#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fetch/package_store.hpp"
#include "image/layers.hpp"
#include "image/oci/compressed_block.hpp"
#include "image/oci/image_config.hpp"
#include "lock/manifest/manifest.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// More layers than this some engine cannot mount, the base's included.
inline constexpr std::size_t max_image_layers = 125;

/// What an image is written from, beside the lock and its plan.
struct OciSettings {
    std::filesystem::path folder;       ///< becomes an OCI image layout
    std::filesystem::path base_layout;  ///< an OCI layout or a saved image; empty: no base
    std::string name;                   ///< of the workspace
    ImageManifest image;
    LayerCompression compression = LayerCompression::gzip;
    bool byte_code = true;
    std::filesystem::path unpacked;  ///< store of unpacked packages; empty: none
    unsigned threads = 0;            ///< 0: one per processor
    std::uint64_t layer_limit_bytes = max_layer_bytes;
};

struct WrittenImage {
    std::string digest;       ///< "sha256:…" of the manifest
    std::string base_digest;  ///< of the base's manifest; empty: no base, or an archive without one
    std::size_t base_layers = 0;
    std::vector<ImageLayer> layers;  ///< ours, from the bottom up
    std::size_t reused = 0;          ///< of ours: lay in the folder already
    std::uint64_t bytes = 0;         ///< of all layers, the base's included
    std::uint64_t new_bytes = 0;     ///< of those that did not lie there
    std::vector<std::string> notes;
};

/// Writes the image that the Dockerfile of `plan` would build, without an engine and without rights: the same
/// lock and base give the same bytes for every user, on every machine, with every number of threads. Layers
/// that lie in the folder, of an image written before, are taken as they are.
Result<WrittenImage> write_oci_image(const Lock& lock,
                                     const LayerPlan& plan,
                                     const OciSettings& settings,
                                     PackageStore& store,
                                     Progress& progress);

}  // namespace aimlock
