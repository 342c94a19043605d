#pragma once

#include <string>
#include <vector>

#include "lock/manifest/manifest.hpp"
#include "lock/manifest/table_reader.hpp"

namespace aimlock {

/// Reads `[image]`. `targets` are the manifest's.
ImageManifest read_image_table(const TomlNode& table,
                               const std::vector<std::string>& targets,
                               ManifestErrors& errors);

}  // namespace aimlock
