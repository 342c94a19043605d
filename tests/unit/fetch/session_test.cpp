#include "fetch/session.hpp"

#include <atomic>
#include <ctime>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <sys/stat.h>

#include "fetch/compression.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;
using testing::HttpServer;
using testing::Reply;
using testing::SeenRequest;
using testing::TempDir;

std::string gzipped(const std::string& text) {
    libdeflate_compressor* compressor = ::libdeflate_alloc_compressor(9);
    std::string out(::libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
    out.resize(::libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
    ::libdeflate_free_compressor(compressor);
    return out;
}

class Sessions : public ::testing::Test {
protected:
    FetchOptions options() const {
        FetchOptions made;
        made.cache_dir = folder.path() / "cache";
        made.transfer.retry_base = std::chrono::milliseconds(1);
        made.now_s = [this] { return now; };
        return made;
    }
    Result<Document> get(const FetchOptions& with, const std::string& url, bool remember_absence = false) {
        FetchSession session(with, log);
        DocumentRequest request;
        request.url = session.learn(url);
        request.remember_absence = remember_absence;
        return session.get(request);
    }
    TempDir folder;
    SilentLog log;
    std::int64_t now = 1'000'000;
};

TEST_F(Sessions, ADocumentIsFreshForItsMaxAgeAndThenRevalidated) {
    const HttpServer server([](const SeenRequest& request) {
        if (request.header("if-none-match") == "\"1\"")
            return Reply{.status = 304, .headers = {"Cache-Control: max-age=60"}};
        return Reply{.headers = {"ETag: \"1\"", "Cache-Control: max-age=60"}, .body = "page"};
    });
    EXPECT_EQ(get(options(), server.url("/a"))->body, "page");
    now += 59;
    EXPECT_TRUE(get(options(), server.url("/a"))->from_cache);
    EXPECT_EQ(server.count(), 1U);
    now += 2;
    const auto revalidated = get(options(), server.url("/a"));
    EXPECT_EQ(revalidated->body, "page");
    EXPECT_EQ(server.count(), 2U);
    EXPECT_TRUE(get(options(), server.url("/a"))->from_cache) << "the 304 began a new lifetime";
    now -= 500;
    get(options(), server.url("/a"));
    EXPECT_EQ(server.count(), 3U) << "a clock that ran backwards makes nothing fresh";
}

TEST_F(Sessions, AServerThatStatesNothingIsTrustedForTenMinutes) {
    const HttpServer server({{"/a", Reply{.body = std::string(100'000, 'x')}}});
    get(options(), server.url("/a"));
    now += 599;
    EXPECT_EQ(get(options(), server.url("/a"))->body.size(), 100'000U);
    EXPECT_EQ(server.count(), 1U);
    FetchOptions refreshing = options();
    refreshing.refresh = true;
    get(refreshing, server.url("/a"));
    EXPECT_EQ(server.count(), 2U);
    now += 601;
    get(options(), server.url("/a"));
    EXPECT_EQ(server.count(), 3U);
}

TEST_F(Sessions, RefreshingAsksForEachDocumentOnce) {
    const HttpServer server([](const SeenRequest& request) {
        const std::string cacheable = "Cache-Control: max-age=600";
        if (request.path == "/absent") return Reply{.status = 404, .headers = {cacheable}};
        if (!request.header("if-none-match").empty()) return Reply{.status = 304, .headers = {cacheable}};
        return Reply{.headers = {"ETag: \"1\"", cacheable}, .body = "page"};
    });
    FetchOptions refreshing = options();
    for (const bool refresh : {false, true}) {
        refreshing.refresh = refresh;
        FetchSession session(refreshing, log);
        for (int i = 0; i < 3; ++i) {
            for (const char* path : {"/a", "/absent"}) {
                DocumentRequest request;
                request.url = server.url(path);
                request.remember_absence = true;
                EXPECT_EQ(session.get(request)->exists, request.url.ends_with("/a"));
            }
        }
    }
    EXPECT_EQ(server.count(), 4U);
    EXPECT_EQ(server.seen()[2].header("if-none-match"), "\"1\"");
}

TEST_F(Sessions, OfflineMakesNoRequestAndNamesWhatIsMissing) {
    const HttpServer server({{"/a", Reply{.body = "page"}}});
    get(options(), server.url("/a"));
    EXPECT_FALSE(get(options(), server.url("/absent"), true)->exists);
    now += 10'000'000;
    FetchOptions offline = options();
    offline.offline = true;
    EXPECT_EQ(get(offline, server.url("/a"))->body, "page");
    EXPECT_FALSE(get(offline, server.url("/absent"), true)->exists);
    const auto missing = get(offline, server.url("/never"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::offline_miss);
    EXPECT_THAT(missing.error().message, HasSubstr("/never"));
    EXPECT_EQ(server.count(), 2U);
}

TEST_F(Sessions, ATornCacheFileIsFetchedAgain) {
    const HttpServer server({{"/a", Reply{.headers = {"Cache-Control: max-age=600"}, .body = "page"}}});
    get(options(), server.url("/a"));
    const auto file = HttpCache(folder.path() / "cache").file_of(server.url("/a"));
    for (const char* damage : {"flip", "cut", "empty"}) {
        std::string content = *read_whole_file(file);
        if (std::string_view(damage) == "flip") content[content.size() / 2] ^= 1;
        if (std::string_view(damage) == "cut") content.resize(content.size() / 2);
        if (std::string_view(damage) == "empty") content.clear();
        std::ofstream(file, std::ios::binary) << content;
        EXPECT_EQ(get(options(), server.url("/a"))->body, "page") << damage;
        EXPECT_TRUE(get(options(), server.url("/a"))->from_cache) << damage;
    }
    EXPECT_EQ(server.count(), 4U);
}

/// A document that is kept as the number of its letters.
DocumentRequest counted(const std::string& url, int* condensed) {
    DocumentRequest request;
    request.url = url;
    request.form = "letters 1";
    request.condense = [condensed](std::string_view body, const std::string&) -> Result<std::string> {
        ++*condensed;
        return std::to_string(body.size());
    };
    return request;
}

TEST_F(Sessions, ACondensedDocumentIsReadOnceAndRevalidatedInItsForm) {
    const HttpServer server([](const SeenRequest& request) {
        if (request.header("if-none-match") == "\"1\"")
            return Reply{.status = 304, .headers = {"Cache-Control: max-age=60"}};
        return Reply{.headers = {"ETag: \"1\"", "Cache-Control: max-age=60"}, .body = "page"};
    });
    int condensed = 0;
    const DocumentRequest request = counted(server.url("/a"), &condensed);
    {
        FetchSession session(options(), log);
        EXPECT_FALSE(session.at_hand(request));
        EXPECT_EQ(session.get(request)->bytes(), "4");
        EXPECT_EQ(session.at_hand(request)->bytes(), "4");
    }
    now += 60;
    FetchSession session(options(), log);
    EXPECT_FALSE(session.at_hand(request)) << "stale";
    const auto confirmed = session.get(request);
    EXPECT_EQ(confirmed->bytes(), "4");
    EXPECT_FALSE(confirmed->from_cache);
    EXPECT_EQ(session.at_hand(request)->bytes(), "4") << "the 304 began a new lifetime";
    EXPECT_EQ(server.count(), 2U);
    EXPECT_EQ(condensed, 1);
    // Another version of the form reads nothing of this one, and asks for the whole document.
    DocumentRequest newer = request;
    newer.form = "letters 2";
    EXPECT_FALSE(session.at_hand(newer));
    EXPECT_EQ(session.get(newer)->bytes(), "4");
    EXPECT_EQ(server.seen().back().header("if-none-match"), "");
    EXPECT_EQ(condensed, 2);
}

TEST_F(Sessions, ACondensedFormThatDoesNotPassIsAskedForAgain) {
    const HttpServer server({{"/a", Reply{.headers = {"Cache-Control: max-age=60"}, .body = "page"}}});
    int condensed = 0;
    DocumentRequest request = counted(server.url("/a"), &condensed);
    FetchSession session(options(), log);
    CachedDocument foreign;  // a whole file, but not what the form promises
    foreign.coding = request.form;
    foreign.fetched_at_s = now;
    foreign.lifetime_s = 60;
    foreign.body = "oops";
    ASSERT_TRUE(session.cache().store(request.url, foreign));
    request.check = [](std::string_view bytes) {
        return bytes == "4" ? Result<void>{} : fail(ErrorCode::internal, "no number");
    };
    EXPECT_FALSE(session.at_hand(request));
    EXPECT_EQ(session.get(request)->bytes(), "4");
    EXPECT_EQ(session.at_hand(request)->bytes(), "4");
}

TEST_F(Sessions, AFileIsCondensedAgainWhenItLooksOtherwise) {
    const auto file = folder.write("page", "text");
    ::timespec old[2] = {{1000, 0}, {1000, 0}};
    const auto age = [&] { ::utimensat(AT_FDCWD, file.c_str(), old, 0); };
    age();
    struct stat looks {};
    ASSERT_EQ(::stat(file.c_str(), &looks), 0);
    now = looks.st_ctime;  // the clock may have gone on by a second
    int condensed = 0;
    const DocumentRequest request = counted("file://" + file.string(), &condensed);
    FetchSession session(options(), log);
    EXPECT_EQ(session.get(request)->bytes(), "4");
    EXPECT_FALSE(session.at_hand(request)) << "changed this very second: it may change again unseen";
    now += 3;
    EXPECT_EQ(session.get(request)->bytes(), "4");
    EXPECT_EQ(session.at_hand(request)->bytes(), "4");
    EXPECT_EQ(condensed, 2);
    std::filesystem::remove(file);
    folder.write("page", "next");  // the same size, and then the same times
    age();
    EXPECT_FALSE(session.at_hand(request));
    EXPECT_EQ(session.get(request)->bytes(), "4");
    EXPECT_EQ(condensed, 3);
}

TEST_F(Sessions, GzipIsInflatedAndABombIsNot) {
    const HttpServer server({{"/a", Reply{.headers = {"Content-Encoding: gzip"}, .body = gzipped("page")}},
                             {"/bomb", Reply{.headers = {"Content-Encoding: gzip"},
                                             .body = gzipped(std::string(64U << 20U, '\0'))}},
                             {"/cut", Reply{.headers = {"Content-Encoding: gzip"},
                                            .body = gzipped(std::string(1000, 'x')).substr(0, 20)}}});
    EXPECT_EQ(get(options(), server.url("/a"))->body, "page");
    EXPECT_EQ(get(options(), server.url("/a"))->body, "page") << "from the cache";
    EXPECT_THAT(get(options(), server.url("/bomb")).error().message, HasSubstr("limit"));
    EXPECT_FALSE(get(options(), server.url("/cut")));
    EXPECT_FALSE(std::filesystem::exists(HttpCache(folder.path() / "cache").file_of(server.url("/bomb"))));
}

TEST_F(Sessions, NothingSecretIsWritten) {
    const HttpServer server({{"/a", Reply{.body = "page"}}});
    get(options(), "http://user:canary@" + server.host() + "/a");
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        if (!entry.is_regular_file()) continue;
        ++files;
        EXPECT_EQ(read_whole_file(entry.path())->find("canary"), std::string::npos);
    }
    EXPECT_EQ(files, 2U);  // the document, and the empty file that processes lock
}

TEST_F(Sessions, MirrorsAreAskedInOrderAndTheAddressStays) {
    const HttpServer broken([](const SeenRequest&) { return Reply{.status = 500}; });
    const HttpServer mirror({{"/m/simple/a", Reply{.body = "page"}}});
    FetchOptions mirrored = options();
    mirrored.mirrors["https://index.example/"] = {broken.url("/"), mirror.url("/m/")};
    const auto document = get(mirrored, "https://index.example/simple/a");
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->body, "page");
    EXPECT_EQ(document->url, "https://index.example/simple/a");
}

TEST_F(Sessions, AMirrorThatSendsSomethingElseIsLeftForTheNext) {
    const HttpServer portal([](const SeenRequest&) { return Reply{.body = "<html>Log in"}; });
    const HttpServer mirror({{"/a", Reply{.body = "page"}}});
    FetchOptions mirrored = options();
    mirrored.mirrors["https://index.example/"] = {portal.url("/"), mirror.url("/")};
    FetchSession session(mirrored, log);
    DocumentRequest request;
    request.url = "https://index.example/a";
    request.check = [](std::string_view bytes) {
        return bytes == "page" ? Result<void>{} : fail(ErrorCode::network, "no page");
    };
    const auto document = session.get(request);
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->body, "page");
}

TEST_F(Sessions, AConfirmationOfAnotherVersionIsNotBelieved) {
    std::atomic<int> calls{0};
    const HttpServer server([&](const SeenRequest& request) {
        if (!request.header("if-none-match").empty()) return Reply{.status = 304, .headers = {"ETag: \"2\""}};
        return ++calls == 1 ? Reply{.headers = {"ETag: \"1\""}, .body = "old"}
                            : Reply{.headers = {"ETag: \"2\""}, .body = "new"};
    });
    EXPECT_EQ(get(options(), server.url("/a"))->body, "old");
    EXPECT_EQ(get(options(), server.url("/a"))->body, "new");
    EXPECT_EQ(get(options(), server.url("/a"))->body, "new");
    EXPECT_EQ(server.count(), 4U) << "the third is confirmed as it should be";
}

TEST_F(Sessions, AConfirmationOfWhatIsNotThereIsAnError) {
    const HttpServer server(
        [](const SeenRequest&) { return Reply{.status = 304, .headers = {"ETag: \"1\""}}; });
    const auto document = get(options(), server.url("/a"));
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::network);
    EXPECT_FALSE(HttpCache(folder.path() / "cache").find(server.url("/a")));
}

TEST_F(Sessions, ACacheThatCannotBeWrittenIsNotNeeded) {
    const HttpServer server({{"/a", Reply{.body = "page"}}});
    FetchOptions blocked = options();
    blocked.cache_dir = folder.write("file", "in the way") / "cache";
    EXPECT_EQ(get(blocked, server.url("/a"))->body, "page");
}

TEST(Compression, RefusesWhatGrowsTooMuch) {
    const std::string zeros(64U << 20U, '\0');
    const std::string zst = compress_zstd(zeros);
    EXPECT_FALSE(decompress_zstd(zst, "x"));
    EXPECT_FALSE(
        decompress_stream(".zst", zst, "x", {}, [](std::string_view) -> Result<void> { return {}; }));
    EXPECT_TRUE(decompress_zstd(compress_zstd("text"), "x"));
    EXPECT_FALSE(decompress_zstd("text", "x"));
}

}  // namespace
}  // namespace aimlock
