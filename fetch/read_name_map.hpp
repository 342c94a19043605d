#pragma once

#include <string>
#include <vector>

#include "fetch/session.hpp"
#include "solver/model/name_map.hpp"

namespace aimlock {

/// The name map of a request: `written` is a file or URL; empty: `pypi_mapping.json` in the folder of a
/// channel that is a folder, or in the folder above it; else the built-in map.
Result<NameMap> read_name_map(FetchSession& session,
                              const std::string& written,
                              const std::vector<std::string>& channels);

}  // namespace aimlock
