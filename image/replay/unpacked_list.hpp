#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "image/replay/packaged_files.hpp"

namespace aimlock {

/// The list of a package in the unpacked store: binary, with a digest of itself at its end.
std::string unpacked_list(const PackagedFiles& package);

/// nullopt for anything but a whole list of this version.
std::optional<PackagedFiles> read_unpacked_list(std::string_view bytes);

}  // namespace aimlock
