#include "cli/wiring/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicWrite, ReplacesTheWholeFileAndLeavesNothingBeside) {
    const aimlock::testing::TempDir dir;
    const fs::path file = dir.write("aimlock.lock", "old and much longer");
    ASSERT_TRUE(write_file_atomically(file, "new"));
    EXPECT_EQ(*read_text_file(file, "lock"), "new");
    EXPECT_EQ(entries(dir.path()), 1U);
}

TEST(AtomicWrite, KeepsTheModeOfTheFileItReplaces) {
    const aimlock::testing::TempDir dir;
    const fs::path file = dir.write("aimlock.lock", "old");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
    ASSERT_TRUE(write_file_atomically(file, "new"));
    EXPECT_EQ(fs::status(file).permissions(),
              fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

TEST(AtomicWrite, WritesThroughASymbolicLink) {
    const aimlock::testing::TempDir dir;
    const fs::path real = dir.write("real/aimlock.lock", "old");
    fs::create_symlink("real/aimlock.lock", dir.path() / "aimlock.lock");
    ASSERT_TRUE(write_file_atomically(dir.path() / "aimlock.lock", "new"));
    EXPECT_TRUE(fs::is_symlink(dir.path() / "aimlock.lock"));
    EXPECT_EQ(*read_text_file(real, "lock"), "new");
}

TEST(AtomicWrite, NamesTheFileItCannotWriteAndNotItsTemporaryOne) {
    const aimlock::testing::TempDir dir;
    const auto failed = write_file_atomically(dir.path() / "absent" / "aimlock.lock", "new");
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("absent/aimlock.lock: "), std::string::npos)
        << failed.error().message;
    EXPECT_EQ(failed.error().message.find(".tmp"), std::string::npos) << failed.error().message;
    EXPECT_EQ(failed.error().code, ErrorCode::io);
}

TEST(AtomicWrite, LeavesTheOldFileWhereTheDiskIsFull) {
    if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "skipped: no /dev/full here";
    const aimlock::testing::TempDir dir;
    fs::create_symlink("/dev/full", dir.path() / "aimlock.lock");
    EXPECT_FALSE(write_file_atomically(dir.path() / "aimlock.lock" / "x", "new"));
    EXPECT_EQ(entries(dir.path()), 1U);
}

TEST(Reading, SaysWhatIsMissingOrNoFileOrTooLarge) {
    const aimlock::testing::TempDir dir;
    EXPECT_EQ(read_text_file(dir.path() / "a.lock", "lock").error().code, ErrorCode::not_found);
    EXPECT_EQ(read_text_file(dir.path(), "lock").error().code, ErrorCode::io);
    const fs::path file = dir.write("b.lock", "12345");
    EXPECT_FALSE(read_text_file(file, "lock", 4));
    EXPECT_TRUE(read_text_file(file, "lock", 5));
}

}  // namespace
}  // namespace aimlock::cli
