#pragma once

#include <string>
#include <vector>

#include "fetch/environment.hpp"

namespace aimlock {

/// The PyPI indexes to ask, first wins, with whatever credentials they were written with: `requested` if not
/// empty; else what the first of these names: PIP_INDEX_URL, UV_DEFAULT_INDEX or UV_INDEX_URL, a pip.conf, a
/// uv.toml; else the index that this build took from the building machine's pip. Extra indexes of the same
/// place come before its main one, as in uv: a private index must win against a public one. Empty: none is
/// known anywhere.
std::vector<std::string> index_addresses(const std::vector<std::string>& requested,
                                         const Environment& environment);

/// The compiled-in index (CMake variable AIMLOCK_DEFAULT_INDEX); may be empty.
std::string default_index();

}  // namespace aimlock
