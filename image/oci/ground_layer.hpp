#pragma once

#include <optional>
#include <vector>

#include "image/oci/layer_blobs.hpp"
#include "image/oci/oci_base.hpp"
#include "lock/manifest/manifest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What lies between base and packages: an account for the user, its home, the working folder. The same as
/// the Dockerfile's ground stage makes. Folders that the base has keep their mode and owner. Fails where the
/// base has a link in the place of such a folder, or of the one that environments live in.
Result<std::vector<LayerEntry>> ground_entries(const ImageManifest& image, const OciBase* base);

}  // namespace aimlock
