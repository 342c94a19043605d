#include "cli/wiring/request.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock::cli {
namespace {

TEST(FindingTheManifest, TakesTheNearestAbove) {
    const aimlock::testing::TempDir dir;
    dir.write("aimlock.toml", "");
    dir.write("a/aimlock.toml", "");
    dir.write("a/b/c/file", "");
    EXPECT_EQ(*find_manifest(dir.path() / "a/b/c"), dir.path() / "a/aimlock.toml");
    EXPECT_EQ(*find_manifest(dir.path()), dir.path() / "aimlock.toml");
}

TEST(FindingTheManifest, StopsAtTheRootOfAVersionControlledTree) {
    const aimlock::testing::TempDir dir;
    dir.write("aimlock.toml", "");
    dir.write("tree/.git/HEAD", "");
    dir.write("tree/src/file", "");
    const auto found = find_manifest(dir.path() / "tree/src");
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find((dir.path() / "tree").string()), std::string::npos)
        << found.error().message;
}

TEST(FindingTheManifest, TakesAnotherToolsOnlyWhereThereIsNoneOfOurs) {
    const aimlock::testing::TempDir dir;
    dir.write(".git/HEAD", "");
    dir.write("environment.yml", "");
    dir.write("a/pyproject.toml", "");
    dir.write("a/requirements.txt", "");
    EXPECT_EQ(*find_manifest(dir.path()), dir.path() / "environment.yml");
    EXPECT_EQ(*find_manifest(dir.path() / "a"), dir.path() / "a/pyproject.toml");
    dir.write("aimlock.toml", "");
    EXPECT_EQ(*find_manifest(dir.path() / "a"), dir.path() / "aimlock.toml");
}

}  // namespace
}  // namespace aimlock::cli
