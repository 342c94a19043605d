#pragma once

#include "cli/wiring/image.hpp"
#include "cli/wiring/image_draft.hpp"

namespace aimlock::cli {

/// `aimlock image --oci DIR`: lock -> layer plan -> OCI layout, and the plan beside the lock.
Ending write_oci(const ImageFlags& flags, const ImageDraft& draft, Console& console);

}  // namespace aimlock::cli
