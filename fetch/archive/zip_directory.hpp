#pragma once

#include <string_view>
#include <vector>

#include "fetch/archive/zip_reader.hpp"

namespace aimlock {

/// The members of a ZIP, every rule of `ZipReader` checked but those on content.
Result<std::vector<ZipEntry>> read_zip_directory(std::string_view bytes);

}  // namespace aimlock
