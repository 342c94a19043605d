#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace aimlock::testing {

/// `../shared/<name>` beside the repository, or nullopt where this clone has none. A test that needs it skips
/// with a printed reason: `AIMLOCK_NEEDS_SHARED(path, "conformance")`.
std::optional<std::filesystem::path> shared_path(const std::string& name);

/// The content of a file, decompressed where its name ends in `.zst`. Fails the test on any error.
std::string read_shared(const std::filesystem::path& file);

}  // namespace aimlock::testing

#define AIMLOCK_NEEDS_SHARED(variable, name)                                                  \
    const auto variable##_found = ::aimlock::testing::shared_path(name);                      \
    if (!variable##_found) GTEST_SKIP() << "skipped: this clone has no ../shared/" << (name); \
    const std::filesystem::path& variable = *variable##_found
