#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "cli/render/terminal.hpp"
#include "solver/base/result.hpp"

namespace aimlock::cli {

/// Gives line `line` (from 1) of a file, or nothing where it cannot be read.
using SourceLine = std::function<std::optional<std::string>(const std::string& file, std::uint32_t line)>;

/// Reads source lines from the file system.
SourceLine source_lines_of_files();

/// One failure for people: what, where, the source line with a caret, and what to do next. Ends with a line
/// end.
std::string render_error(const Error& error,
                         const Painter& paint,
                         const SourceLine& source,
                         std::size_t columns);

/// All failures of one run, and how many there are when there is more than one.
std::string render_errors(std::span<const Error> errors,
                          const Painter& paint,
                          const SourceLine& source,
                          std::size_t columns);

}  // namespace aimlock::cli
