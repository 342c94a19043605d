#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock::cli {

/// The content of a text file of at most `limit_bytes`; `what` names it in errors: "lock", "manifest".
Result<std::string> read_text_file(const std::filesystem::path& file,
                                   std::string_view what,
                                   std::uintmax_t limit_bytes = 256U << 20U);

/// Replaces `file` by `text`: whole or not at all, also when the power goes. A symbolic link keeps being one.
/// The old file's mode is kept. On failure the old file is untouched and nothing is left beside it.
Result<void> write_file_atomically(const std::filesystem::path& file, std::string_view text);

}  // namespace aimlock::cli
