#include <algorithm>

#include <gtest/gtest.h>

#include "lock/lockfile.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/lock/sample_lock.hpp"

namespace aimlock::testing {
namespace {

TEST(LockfileWriter, WritesTheLayoutThatOthersRead) {
    expect_golden("lock/sample.lock", write_lock(sample_lock()));
}

TEST(LockfileWriter, BeginsWithTheFormatVersion) {
    EXPECT_TRUE(write_lock({}).starts_with("version = 1\n"));
}

TEST(LockfileWriter, ReadingWhatWasWrittenGivesAnEqualLock) {
    for (std::uint32_t seed = 0; seed < 500; ++seed) {
        const Lock lock = random_lock(seed);
        const std::string text = write_lock(lock);
        const Result<Lock> read = read_lock(text, "aimlock.lock");
        ASSERT_TRUE(read) << "seed " << seed << ": line " << read.error().pos.line << ": "
                          << read.error().message << "\n"
                          << text;
        ASSERT_EQ(*read, lock) << "seed " << seed;
        ASSERT_EQ(write_lock(*read), text) << "seed " << seed;
    }
}

TEST(LockfileWriter, OnePackageMoreIsOneBlockAndTheContentLine) {
    Lock lock = sample_lock();
    const std::string with = write_lock(lock);
    lock.packages.erase(lock.packages.begin() + 1);
    const std::string without = write_lock(lock);
    const auto lines = [](const std::string& text) { return std::ranges::count(text, '\n'); };
    const std::size_t block = with.find("\n[[package]]\nkind = \"conda\"\nname = \"python\"");
    const std::size_t next = with.find("\n[[package]]", block + 1);
    const std::string cut = with.substr(0, block) + with.substr(next);
    EXPECT_EQ(lines(cut), lines(without));
    EXPECT_EQ(resealed(cut), without);
}

TEST(Lockfile, AnswersByTarget) {
    const Lock lock = sample_lock();
    EXPECT_EQ(lock.target("gpu")->cuda_arch.size(), 2U);
    EXPECT_EQ(lock.target("tpu"), nullptr);
    EXPECT_EQ(lock.packages_of("cpu").size(), 2U);
    EXPECT_EQ(lock.packages_of("gpu").back()->name, "thinc");
}

TEST(Lockfile, OfBeforeItSaidWhatAnAnswerMeansForDriversIsReadAsBefore) {
    Lock lock = sample_lock();
    for (LockTarget& target : lock.targets) target.cuda = {};
    const std::string text = write_lock(lock);
    for (const char* key : {"cuda-major", "cuda-driver", "cuda-gpus"})
        EXPECT_EQ(text.find(key), std::string::npos);
    const Result<Lock> read = read_lock(text, "aimlock.lock");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, lock);
}

TEST(Lockfile, FindsRelativeChannelsBesideTheLock) {
    Lock lock = sample_lock();
    lock.sources[0].url = "channel";
    lock.packages[0].package.url = "channel/linux-64/numpy-1.26.4-py312heda63a1_0.conda";
    lock.packages[1].package.url = "channel/linux-64/python-3.12.7-hc5c86c4_0_cpython.conda";
    const Result<Lock> read = read_lock(write_lock(lock), "aimlock.lock");
    ASSERT_TRUE(read) << read.error().message;
    const Lock found = located(*read, "/home/me/project/");
    EXPECT_EQ(found.sources[0].url, "/home/me/project/channel");
    EXPECT_EQ(found.packages[0].package.url,
              "/home/me/project/channel/linux-64/numpy-1.26.4-py312heda63a1_0.conda");
    EXPECT_EQ(found.packages[2].package.url, lock.packages[2].package.url);
}

}  // namespace
}  // namespace aimlock::testing
