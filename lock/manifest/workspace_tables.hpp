#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lock/manifest/manifest.hpp"
#include "lock/manifest/table_reader.hpp"
#include "lock/manifest/toml_reader.hpp"

namespace aimlock {

/// Reads `[workspace]`; gives its platforms. `foreign_keys` are another tool's, known and read past.
std::vector<std::string> read_workspace_table(const TomlNode& table,
                                              const std::vector<std::string_view>& foreign_keys,
                                              Manifest& manifest,
                                              ManifestErrors& errors);

/// Reads `[pypi-options]`.
void read_pypi_options_table(const TomlNode& table,
                             const std::vector<std::string_view>& foreign_keys,
                             Manifest& manifest,
                             ManifestErrors& errors);

}  // namespace aimlock
