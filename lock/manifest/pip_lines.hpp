#pragma once

#include <string_view>

#include "lock/manifest/manifest.hpp"
#include "lock/manifest/table_reader.hpp"

namespace aimlock {

/// Reads one line as pip does, comment included, into `target` or the options of `manifest`. `at` is where it
/// begins. An empty line says nothing.
void read_pip_line(std::string_view line,
                   const SourcePos& at,
                   Manifest& manifest,
                   TargetRequest& target,
                   ManifestErrors& errors);

}  // namespace aimlock
