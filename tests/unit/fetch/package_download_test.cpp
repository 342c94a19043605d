#include "fetch/package_download.hpp"

#include <atomic>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/archive_store.hpp"
#include "fetch/url.hpp"
#include "fetch/vendor_pool.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/fetch/wheel_maker.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;
using namespace testing;

class Downloads : public ::testing::Test {
protected:
    FetchOptions fetch_options() const {
        FetchOptions made;
        made.cache_dir = folder.path() / "cache";
        made.transfer.retry_base = std::chrono::milliseconds(1);
        made.offline = offline;
        return made;
    }
    static Package package(const std::string& url, const std::string& content) {
        Package made;
        made.kind = PackageKind::conda;
        made.name = url.substr(url.rfind('/') + 1);
        made.version = "1.0";
        made.url = url;
        made.sha256 = sha256_of(content);
        made.size_bytes = content.size();
        return made;
    }
    Result<void> provide(const std::vector<Package>& packages,
                         std::optional<std::set<std::string>> hosts = {}) {
        FetchSession session(fetch_options(), log);
        PackageDownload store(session, {.hosts = std::move(hosts), .threads = 2});
        return provide(store, packages);
    }
    Result<void> provide(PackageStore& store, const std::vector<Package>& packages) {
        std::vector<const Package*> pointers;
        for (const Package& one : packages) pointers.push_back(&one);
        std::mutex mutex;
        ready.clear();
        SilentProgress progress;
        auto done = store.provide(
            pointers,
            [&](std::size_t index, const std::filesystem::path& archive) -> Result<void> {
                const std::string content = read_whole_file(archive).value_or("");
                const std::lock_guard lock(mutex);
                EXPECT_TRUE(ready.emplace(index, content).second) << "handed over twice";
                if (refuse_index == index) return fail(ErrorCode::archive, "refused");
                return {};
            },
            progress);
        counts = store.counts();
        return done;
    }
    /// Everything below the cache, temporary files and locks included.
    std::size_t files_in_store() const {
        std::error_code failed;
        std::size_t count = 0;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(folder.path() / "cache/store", failed))
            count += entry.is_regular_file() ? 1U : 0U;
        return count;
    }
    TempDir folder;
    SilentLog log;
    bool offline = false;
    std::optional<std::size_t> refuse_index;
    std::map<std::size_t, std::string> ready;
    PackageStore::Counts counts;
};

TEST_F(Downloads, HandsEveryArchiveOverOnceAndKeepsItInTheStore) {
    std::map<std::string, Reply> files;
    for (int i = 0; i < 60; ++i)
        files["/c/p" + std::to_string(i) + ".conda"] = Reply{.body = noise(1000) + std::to_string(i)};
    const HttpServer server(files);
    std::vector<Package> packages;
    for (const auto& [path, reply] : files) packages.push_back(package(server.url(path), reply.body));
    ASSERT_TRUE(provide(packages));
    ASSERT_EQ(ready.size(), 60U);
    for (std::size_t i = 0; i < packages.size(); ++i) EXPECT_EQ(sha256_of(ready[i]), packages[i].sha256);
    EXPECT_EQ(counts.downloaded, 60U);
    EXPECT_EQ(files_in_store(), 60U) << "no lock and no part is left";
    offline = true;
    ASSERT_TRUE(provide(packages));
    EXPECT_EQ(counts.from_store, 60U);
    EXPECT_EQ(server.count(), 60U);
}

TEST_F(Downloads, GoesOnWhereABrokenTransferEnded) {
    const std::string content = noise(100'000);
    std::atomic<int> calls{0};
    const HttpServer server([&](const SeenRequest& request) {
        Reply reply = HttpServer::ranged(request, content);
        if (calls++ < 2) reply.send_only = 30'000;
        return reply;
    });
    ASSERT_TRUE(provide({package(server.url("/a.conda"), content)}));
    EXPECT_EQ(ready[0], content);
    ASSERT_EQ(server.count(), 3U);
    EXPECT_EQ(server.seen()[1].header("range"), "bytes=30000-");
    EXPECT_EQ(server.seen()[2].header("range"), "bytes=60000-");
}

TEST_F(Downloads, BeginsAgainWhereTheServerIgnoresRanges) {
    const std::string content = noise(100'000);
    std::atomic<int> calls{0};
    const HttpServer server([&](const SeenRequest&) {
        Reply reply{.body = content};
        if (calls++ == 0) reply.send_only = 30'000;
        return reply;
    });
    ASSERT_TRUE(provide({package(server.url("/a.conda"), content)}));
    EXPECT_EQ(ready[0], content);
}

TEST_F(Downloads, AWrongByteIsTriedOnceMoreThenNamesBothDigests) {
    std::string content = noise(10'000);
    const Package wanted = package("", content);
    content[5000] ^= 1;
    const HttpServer server({{"/a.conda", Reply{.body = content}}});
    Package lied = wanted;
    lied.url = server.url("/a.conda");
    const auto done = provide({lied});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::integrity);
    EXPECT_THAT(done.error().message, HasSubstr(wanted.sha256.hex()));
    EXPECT_THAT(done.error().message, HasSubstr(sha256_of(content).hex()));
    EXPECT_THAT(done.error().message, HasSubstr(server.url("/a.conda")));
    EXPECT_EQ(server.count(), 2U);
    EXPECT_TRUE(ready.empty());
    EXPECT_EQ(files_in_store(), 0U);
}

TEST_F(Downloads, MoreOrFewerBytesThanTheLockPromisesAreAnError) {
    const std::string content = noise(10'000);
    const HttpServer server(
        {{"/long.conda", Reply{.body = content + "x"}}, {"/short.conda", Reply{.body = content.substr(1)}}});
    for (const char* path : {"/long.conda", "/short.conda"}) {
        const auto done = provide({package(server.url(path), content)});
        ASSERT_FALSE(done) << path;
        EXPECT_EQ(done.error().code, ErrorCode::integrity);
    }
    EXPECT_EQ(files_in_store(), 0U);
}

TEST_F(Downloads, AFlippedByteInTheStoreIsNoticed) {
    const std::string content = noise(10'000);
    const HttpServer server({{"/a.conda", Reply{.body = content}}});
    const Package wanted = package(server.url("/a.conda"), content);
    ASSERT_TRUE(provide({wanted}));
    const auto file = archive_path(folder.path() / "cache/store", wanted);
    std::string damaged = content;
    damaged[1] ^= 1;
    std::ofstream(file, std::ios::binary) << damaged;
    ASSERT_TRUE(provide({wanted}));
    EXPECT_EQ(ready[0], content);
    EXPECT_EQ(server.count(), 2U);
}

TEST_F(Downloads, AbsentFilesHostsAndOfflineAreErrorsBeforeAnythingIsHandedOver) {
    const HttpServer server({{"/a.conda", Reply{.body = "a"}}});
    EXPECT_EQ(provide({package(server.url("/none.conda"), "a")}).error().code, ErrorCode::not_found);
    const auto refused =
        provide({package(server.url("/a.conda"), "a")}, std::set<std::string>{"channels.example"});
    EXPECT_EQ(refused.error().code, ErrorCode::refused);
    EXPECT_TRUE(provide({package(server.url("/a.conda"), "a")}, std::set<std::string>{server.host()}));
    offline = true;
    EXPECT_EQ(provide({package(server.url("/b.conda"), "b")}).error().code, ErrorCode::offline_miss);
    Package unknown = package(server.url("/a.conda"), "a");
    unknown.sha256 = {};
    EXPECT_EQ(provide({unknown}).error().code, ErrorCode::lock);
}

TEST_F(Downloads, TheConsumersFailureStopsTheRest) {
    std::map<std::string, Reply> files;
    for (int i = 0; i < 100; ++i)
        files["/p" + std::to_string(i) + ".conda"] =
            Reply{.body = std::to_string(i), .delay_ms = i == 0 ? 0 : 20};
    const HttpServer server(files);
    std::vector<Package> packages;
    for (int i = 0; i < 100; ++i)
        packages.push_back(package(server.url("/p" + std::to_string(i) + ".conda"), std::to_string(i)));
    refuse_index = 0;
    const auto done = provide(packages);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "refused");
    EXPECT_LT(server.count(), 100U);
}

TEST_F(Downloads, LocalChannelsAreReadWhereTheyLie) {
    const auto file = folder.write("channel/noarch/a-1-0.conda", "content");
    ASSERT_TRUE(provide({package(file_url_of(file), "content"), package(file.string(), "content")}));
    EXPECT_EQ(files_in_store(), 0U);
    EXPECT_EQ(provide({package(file_url_of(file), "other!!")}).error().code, ErrorCode::integrity);
    EXPECT_EQ(provide({package("file:///nowhere/a.conda", "content")}).error().code, ErrorCode::not_found);
}

TEST_F(Downloads, TwoThatShareACacheDownloadEachArchiveOnce) {
    std::map<std::string, Reply> files;
    for (int i = 0; i < 20; ++i)
        files["/p" + std::to_string(i) + ".conda"] =
            Reply{.body = noise(2000) + std::to_string(i), .delay_ms = 5};
    const HttpServer server(files);
    std::vector<Package> packages;
    for (const auto& [path, reply] : files) packages.push_back(package(server.url(path), reply.body));
    std::vector<const Package*> pointers;
    for (const Package& one : packages) pointers.push_back(&one);
    std::atomic<int> handed{0};
    const auto run = [&] {
        SilentLog quiet;
        FetchSession session(fetch_options(), quiet);
        PackageDownload store(session, {.hosts = {}, .threads = 2});
        SilentProgress progress;
        const auto done = store.provide(
            pointers,
            [&](std::size_t, const std::filesystem::path&) -> Result<void> {
                return ++handed, Result<void>{};
            },
            progress);
        EXPECT_TRUE(done) << done.error().message;
    };
    std::thread other(run);
    run();
    other.join();
    EXPECT_EQ(handed, 40);
    EXPECT_EQ(server.count(), 20U);
}

TEST_F(Downloads, AVendoredPoolNeedsNoNetwork) {
    const HttpServer server({{"/a.conda", Reply{.body = "aaa"}}, {"/b.tar.bz2", Reply{.body = "bbb"}}});
    const std::vector<Package> packages{package(server.url("/a.conda"), "aaa"),
                                        package(server.url("/b.tar.bz2"), "bbb")};
    std::vector<const Package*> pointers{&packages[0], &packages[1]};
    {
        FetchSession session(fetch_options(), log);
        PackageDownload store(session, {});
        SilentProgress progress;
        ASSERT_TRUE(write_vendor_pool(store, pointers, folder.path() / "pool", progress));
        ASSERT_TRUE(write_vendor_pool(store, pointers, folder.path() / "pool", progress))
            << "again, with nothing to do";
    }
    VendorPool pool(folder.path() / "pool");
    ASSERT_TRUE(provide(pool, packages));
    EXPECT_EQ(ready[0], "aaa");
    EXPECT_EQ(ready[1], "bbb");
    std::ofstream(folder.path() / "pool" / archive_name(packages[0])) << "aab";
    EXPECT_EQ(provide(pool, packages).error().code, ErrorCode::integrity);
    std::filesystem::remove(folder.path() / "pool" / archive_name(packages[0]));
    EXPECT_EQ(provide(pool, packages).error().code, ErrorCode::not_found);
}

TEST_F(Downloads, AStoreThatCannotBeWrittenIsNamed) {
    const HttpServer server({{"/a.conda", Reply{.body = "aaa"}}});
    folder.write("cache", "a file in the place of the folder");
    const auto done = provide({package(server.url("/a.conda"), "aaa")});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::io);
    EXPECT_THAT(done.error().message, HasSubstr((folder.path() / "cache").string()));
}

TEST_F(Downloads, TooLittleRoomIsSaidBeforeAnyRequest) {
    const HttpServer server({{"/a.conda", Reply{.body = "aaa"}}});
    folder.write("cache/there", "");
    Package huge = package(server.url("/a.conda"), "aaa");
    huge.size_bytes = std::uint64_t{1} << 60U;
    const auto done = provide({huge});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::io);
    EXPECT_THAT(done.error().message, HasSubstr("are free"));
    EXPECT_EQ(server.count(), 0U);
}

}  // namespace
}  // namespace aimlock
