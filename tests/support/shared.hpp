#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aimlock::testing {

/// `../shared/<name>` beside the repository, or nullopt where this clone has none. A test that needs it skips
/// with a printed reason: `AIMLOCK_NEEDS_SHARED(path, "conformance")`.
std::optional<std::filesystem::path> shared_path(const std::string& name);

/// The content of a file, decompressed where its name ends in `.zst`. Fails the test on any error.
std::string read_shared(const std::filesystem::path& file);

/// The name and content of every file of a ustar archive.
void for_each_file(std::string_view tar,
                   const std::function<void(std::string_view name, std::string_view content)>& take);

}  // namespace aimlock::testing

#define AIMLOCK_NEEDS_SHARED(variable, name)                                                  \
    const auto variable##_found = ::aimlock::testing::shared_path(name);                      \
    if (!variable##_found) GTEST_SKIP() << "skipped: this clone has no ../shared/" << (name); \
    const std::filesystem::path& variable = *variable##_found
