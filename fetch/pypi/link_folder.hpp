#pragma once

#include <string>

#include "fetch/pypi/simple_page.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Adds the wheels of `page`'s project that lie in a folder, and its archives of sources, as far as the
/// filter takes them. They have no upload time, and a cut-off takes only what is known to be too new or comes
/// from an index: what the user put there is meant. `written` is a path or a file URL.
Result<void> add_files_of_folder(const std::string& written, const PageFilter& filter, ProjectPage& page);

}  // namespace aimlock
