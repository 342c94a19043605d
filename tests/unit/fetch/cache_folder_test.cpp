#include "fetch/cache_folder.hpp"

#include <map>

#include <gtest/gtest.h>
#include <unistd.h>

#include "fetch/http_cache.hpp"
#include "solver/base/digest.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using testing::TempDir;

void store(const HttpCache& cache, const char* key, const char* coding, std::int32_t status = 200) {
    CachedDocument document;
    document.coding = coding;
    document.status = status;
    document.body = "body";
    ASSERT_TRUE(cache.store(key, document));
}

TEST(CacheFolder, TellsKindsAndDamageAndRemoves) {
    const TempDir folder;
    const CacheFolder cache(folder.path() / "cache");
    ASSERT_TRUE(cache.entries());
    EXPECT_TRUE(cache.entries()->empty()) << "no folder is an empty cache";

    const HttpCache documents(folder.path() / "cache");
    store(documents, "r", "repodata 1/160");
    store(documents, "p", "page 1");
    store(documents, "q", "page 1");
    store(documents, "m", "metadata 1");
    store(documents, "a", "", 404);
    store(documents, "o", "zstd");
    folder.write("cache/http/lock", "");
    folder.write("cache/http/aa/old", "aimlock-document 1\nkey\n");
    const std::string digest = sha256_of("archive").hex();
    folder.write("cache/store/ab/" + digest + ".conda", "archive");
    folder.write("cache/store/ab/" + sha256_of("other").hex() + ".whl", "not other");
    folder.write("cache/store/ab/" + digest + ".conda." + std::to_string(::getpid()) + ".1.part", "living");
    folder.write("cache/store/ab/" + digest + ".conda.999999999.1.part", "dead");
    std::filesystem::resize_file(documents.file_of("q"), 100);

    const auto entries = cache.entries();
    ASSERT_TRUE(entries);
    std::map<std::string, int> kinds;
    std::vector<CacheEntry> damaged;
    for (const CacheEntry& entry : *entries) {
        ++kinds[std::string(cache_kind_name(entry.kind))];
        if (!CacheFolder::is_whole(entry)) damaged.push_back(entry);
    }
    // A cut file says nothing of its kind.
    const std::map<std::string, int> expected{{"repodata", 1}, {"pages", 1}, {"metadata", 1},
                                              {"absences", 1}, {"other", 3}, {"archives", 2},
                                              {"leftovers", 2}};
    EXPECT_EQ(kinds, expected);
    EXPECT_EQ(damaged.size(), 4U);  // the cut page, the wrong wheel, both leftovers
    const CacheFolder::Removed removed = CacheFolder::remove(damaged);
    EXPECT_EQ(removed.files, 3U) << "what a living process writes stays";
    EXPECT_EQ(removed.bytes, 100U + 9U + 4U);
    EXPECT_EQ(cache.entries()->size(), entries->size() - 3);
}

TEST(ParseAge, ReadsOneNumberAndOneUnit) {
    EXPECT_EQ(parse_age("30d"), std::chrono::hours(720));
    EXPECT_EQ(parse_age("12h"), std::chrono::hours(12));
    EXPECT_EQ(parse_age("90m"), std::chrono::minutes(90));
    EXPECT_EQ(parse_age("0s"), std::chrono::seconds(0));
    for (const char* text : {"", "d", "30", "30x", "-1d", "1d1", "99999999999d"})
        EXPECT_FALSE(parse_age(text)) << text;
}

}  // namespace
}  // namespace aimlock
