#pragma once

#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// `name` for a message: control characters and bytes that are no UTF-8 as `\xNN`, cut at 200 bytes.
std::string shown_name(std::string_view name);

/// True for well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

/// An archive entry's name as a path relative to the folder it is unpacked into: components joined by one
/// `/`, no `.`, no trailing `/`. Refuses what could leave that folder or deceive a reader: absolute names,
/// `..`, names that are not UTF-8, control and direction characters, OCI whiteouts (`.wh.`), and names longer
/// than file systems take.
Result<std::string> safe_entry_path(std::string_view name);

/// The same for a link's text: `target` of a link at `path`, seen from the root. Refuses absolute targets and
/// those that leave the root. "" is the root itself.
Result<std::string> safe_link_target(std::string_view path, std::string_view target);

}  // namespace aimlock
