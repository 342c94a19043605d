#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/image_facts.hpp"
#include "image/oci/oci_base.hpp"

namespace aimlock {

/// One layer of ours in an image.
struct ImageLayer {
    std::string id;      ///< of the plan; "ground" for what is not a package's
    std::string inputs;  ///< digest of all that decides its bytes
    BlobReference blob;
    Sha256 diff_id;
    std::vector<std::string> packages;  ///< "numpy 2.1.0", sorted as in the plan

    friend bool operator==(const ImageLayer&, const ImageLayer&) = default;
};

/// What an image's documents are written from.
struct ImageParts {
    const Lock& lock;
    const LayerPlan& plan;
    const ImageManifest& image;
    const std::string& name;  ///< of the workspace
    const OciBase* base;      ///< null: no base
    const std::vector<ImageLayer>& layers;
};

/// The configuration: the base's, with what the Dockerfile would have added. Sorted keys, no clock.
Result<std::string> image_config(const ImageParts& parts);
/// The manifest over that configuration.
std::string image_manifest(const ImageParts& parts, const std::string& config);
/// index.json of a layout that holds this one manifest.
std::string image_index(const ImageParts& parts, const std::string& manifest);

/// The layers of an image that we wrote, by what decides their bytes; empty for anything else. Their blobs
/// are not looked at.
std::map<std::string, std::vector<ImageLayer>> known_layers(const std::string& manifest,
                                                            const std::string& config);

}  // namespace aimlock
