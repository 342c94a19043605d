#include "image/replay/fixed_times.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

::time_t time_of(const fs::path& path) {
    struct ::stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_mtime;
}

TEST(FixedTimes, HoldFromThePrefixUpToTheRoot) {
    const testing::TempDir folder;
    folder.write("beside", "not ours");
    folder.write("out/opt/env/lib/module.py", "pass\n");
    const fs::path root = folder.path() / "out";
    fs::create_symlink("module.py", root / "opt/env/lib/link.py");
    fs::create_symlink("nowhere", root / "opt/env/dangling");
    // A trailing slash is another spelling of the same folder: what lies above it must stay as it is.
    ASSERT_TRUE(fix_times(root / "opt/env", folder.path() / "out/"));
    for (const char* path : {".", "opt", "opt/env", "opt/env/lib", "opt/env/lib/module.py",
                             "opt/env/lib/link.py", "opt/env/dangling"}) {
        EXPECT_EQ(time_of(root / path), 315532800) << path;
    }
    EXPECT_NE(time_of(folder.path()), 315532800);
    EXPECT_NE(time_of(folder.path() / "beside"), 315532800);
}

TEST(FixedTimes, NeedAPrefix) {
    const testing::TempDir folder;
    EXPECT_FALSE(fix_times(folder.path() / "absent", folder.path()));
}

}  // namespace
}  // namespace aimlock
