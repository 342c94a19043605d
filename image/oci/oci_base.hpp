#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fetch/archive/layer_lookup.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// A blob as manifests name it.
struct BlobReference {
    std::string media_type;
    Sha256 digest;
    std::uint64_t size_bytes = 0;

    friend bool operator==(const BlobReference&, const BlobReference&) = default;
};

/// An image on disk that another one is built on.
struct OciBase {
    struct Layer {
        BlobReference blob;
        Sha256 diff_id;
        std::filesystem::path file;
    };
    std::string name;           ///< "ubuntu:22.04", where the layout or the manifest says it
    std::string digest;         ///< "sha256:…" of its manifest; empty: an archive that has none
    std::string config;         ///< the JSON of its configuration
    std::vector<Layer> layers;  ///< from the bottom up
};

/// What a base is chosen by.
struct BaseChoice {
    std::filesystem::path place;  ///< an OCI layout, or an archive of `docker save` or `podman save`
    std::string reference;  ///< "nvidia/cuda:12.2.2-base-ubuntu22.04@sha256:…"; empty: whatever lies there
    std::string platform;   ///< "linux-64"
};

/// Reads the base at `choice.place`. A layout of several images has to name the reference, or hold the digest
/// that is pinned; an image of another platform, or of another digest than the pinned one, is refused.
/// `scratch`: an empty folder to unpack an archive into.
Result<OciBase> open_base(const BaseChoice& choice, const std::filesystem::path& scratch);

/// What the base's root folder has at the paths of `lookup`.
Result<void> look_up_in_base(const OciBase& base, RootLookup& lookup);

/// The media type of stored layers in an OCI manifest for what a base calls its own; empty: it is none.
std::string layer_media_type(const std::string& given);

/// "linux-64" -> {"amd64", ""}; architecture and variant as OCI spells them. Fails on platforms that no
/// container runs.
struct OciPlatform {
    std::string architecture;
    std::string variant;
};
Result<OciPlatform> oci_platform(const std::string& platform);

}  // namespace aimlock
