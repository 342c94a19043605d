#pragma once

#include <string>
#include <string_view>

#include "solver/model/release.hpp"

namespace aimlock {

/// Reads what the pyproject.toml of somebody's sources says of itself and of how it is built; an empty text
/// is that of sources without one. What is not there has PEP 517's default: setuptools. Texts that are no
/// requirements are kept as they are: whoever asks for them says so.
Result<SourceProject> read_source_project(std::string_view text, const std::string& file);

}  // namespace aimlock
