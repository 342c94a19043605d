#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"

// Text that people or channels wrote goes into generated files only through these: quoted, or refused (threat
// S18).

namespace aimlock {

/// `value` as a double-quoted Dockerfile word that stands for exactly these bytes. Refuses control
/// characters; `what` names the value in the error.
Result<std::string> dockerfile_quoted(std::string_view value, std::string_view what);

/// `value` as a JSON string; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view value);

/// A JSON array of strings on one line, the exec form of CMD and HEALTHCHECK. Refuses control characters.
Result<std::string> exec_form(const std::vector<std::string>& words, std::string_view what);

/// `value` as a double-quoted YAML string in which Compose replaces nothing.
std::string compose_quoted(std::string_view value);

/// True when `value` is not empty and holds only ASCII letters, digits and characters of `also`.
bool holds_only(std::string_view value, std::string_view also);

}  // namespace aimlock
