#pragma once

#include "cli/wiring/image.hpp"

namespace aimlock::cli {

/// `aimlock image push REF`: the layout at `--oci` into a registry.
Ending push_layout(const ImageFlags& flags, Console& console);

}  // namespace aimlock::cli
