#include "fetch/http_cache.hpp"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fetch/environment.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using testing::TempDir;

CachedDocument sample(std::string_view body) {
    CachedDocument document;
    document.url = "https://index.example/simple/demo/";
    document.etag = "\"1\"";
    document.content_type = "text/html";
    document.coding = "gzip";
    document.fetched_at_s = 1000;
    document.lifetime_s = 600;
    document.body = body;
    return document;
}

void write(const std::filesystem::path& file, std::string_view content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

TEST(HttpCache, KeepsADocumentAndRenewsIt) {
    const TempDir folder;
    const HttpCache cache(folder.path());
    EXPECT_FALSE(cache.find("key"));
    EXPECT_FALSE(cache.renew("key", 1, 1));
    ASSERT_TRUE(cache.store("key", sample("the body")));
    auto found = cache.find("key");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->body, "the body");
    EXPECT_EQ(found->url, "https://index.example/simple/demo/");
    EXPECT_EQ(found->etag, "\"1\"");
    EXPECT_EQ(found->coding, "gzip");
    EXPECT_TRUE(found->fresh_at(1599));
    EXPECT_FALSE(found->fresh_at(1600));
    EXPECT_FALSE(found->fresh_at(999)) << "the clock ran backwards";
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(found->body.data()) % 64, 0U);
    ASSERT_TRUE(cache.renew("key", 5000, 60));
    found = cache.find("key");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->body, "the body");
    EXPECT_TRUE(found->fresh_at(5059));
    EXPECT_FALSE(found->fresh_at(5060));
}

TEST(HttpCache, AFileUnderAnotherKeysNameIsAbsent) {
    const TempDir folder;
    const HttpCache cache(folder.path());
    ASSERT_TRUE(cache.store("one", sample("of one")));
    ASSERT_TRUE(cache.store("two", sample("of two")));
    std::filesystem::rename(cache.file_of("one"), cache.file_of("two"));
    EXPECT_FALSE(cache.find("two"));
}

TEST(HttpCache, NoFlippedBitAndNoCutIsOverlooked) {
    const TempDir folder;
    const HttpCache cache(folder.path());
    ASSERT_TRUE(cache.store("key", sample("the body of a page")));
    const std::filesystem::path file = cache.file_of("key");
    const std::string whole = *read_whole_file(file);
    std::size_t absent = 0;
    std::size_t stale = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            write(file, damaged);
            const auto found = cache.find("key");
            absent += found ? 0U : 1U;
            if (!found) continue;
            // What says how long it is fresh has a check of its own: the document is stale, not gone.
            EXPECT_EQ(found->body, "the body of a page") << at;
            EXPECT_EQ(found->etag, "\"1\"") << at;
            stale += found->fresh_at(1001) ? 0U : 1U;
        }
        write(file, std::string_view(whole).substr(0, at));
        EXPECT_FALSE(cache.find("key")) << "cut at " << at;
    }
    EXPECT_EQ(absent, (whole.size() - 24) * 8);
    EXPECT_EQ(stale, 20U * 8);
    write(file, whole + "x");
    EXPECT_FALSE(cache.find("key"));
    write(file, whole);
    EXPECT_TRUE(cache.find("key"));
}

// A child writes two contents in turn and renews them until it is killed; what is found is always one of
// them.
TEST(HttpCache, AKilledWriterLeavesNoWrongAnswer) {
    const TempDir folder;
    const HttpCache cache(folder.path());
    const std::string one(200'000, '1');
    const std::string two(100'000, '2');
    const char* asked = std::getenv("AIMLOCK_TEST_KILLS");
    const int kills = asked != nullptr ? std::atoi(asked) : 50;
    int answers = 0;
    for (int i = 0; i < kills; ++i) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (std::int64_t turn = 0;; ++turn) {
                (void)cache.store("key", sample(turn % 2 == 0 ? one : two));
                (void)cache.renew("key", turn, 60);
            }
        }
        ::usleep(static_cast<useconds_t>(300 + i * 137 % 4000));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        const auto found = cache.find("key");
        if (!found) continue;
        ++answers;
        ASSERT_TRUE(found->body == one || found->body == two) << "kill " << i;
    }
    EXPECT_GT(answers, kills / 2);
}

}  // namespace
}  // namespace aimlock
