#include "fetch/live_metadata.hpp"

#include <atomic>
#include <iostream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "solver/base/digest.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/shared.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/fetch/wheel_maker.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;  // HttpServer, Reply, …

class Live : public ::testing::Test {
protected:
    FetchOptions options() const {
        FetchOptions made;
        made.cache_dir = folder.path() / "cache";
        made.transfer.retry_base = std::chrono::milliseconds(1);
        made.transfer.tries = 2;
        made.offline = offline;
        made.mirrors = mirrors;
        return made;
    }
    Result<ProjectPage> page(const std::vector<std::string>& indexes,
                             const std::string& name,
                             std::map<std::string, std::string> pins = {}) {
        FetchSession session(options(), log);
        LiveMetadataOptions asked;
        asked.indexes = indexes;
        asked.pins = std::move(pins);
        LiveMetadata live(session, asked);
        live.ask_page(name);
        EXPECT_EQ(live.pending(), 1U);
        auto arrival = std::get<PageArrived>(live.wait());
        EXPECT_EQ(arrival.name, name);
        EXPECT_EQ(live.pending(), 0U);
        return arrival.page;
    }
    Result<CoreMetadata> metadata(const WheelFile& wheel) {
        FetchSession session(options(), log);
        LiveMetadata live(session, {});
        live.ask_metadata(wheel);
        auto arrival = std::get<MetadataArrived>(live.wait());
        EXPECT_EQ(arrival.wheel_url, wheel.url);
        requests = live.counts().metadata_requests;
        return arrival.metadata;
    }
    /// A wheel `demo` of some index; what is not known is the default.
    static WheelFile demo(const std::string& url, Sha256 sha256 = {}) {
        WheelFile wheel;
        wheel.file_name = "demo-1.0-py3-none-any.whl";
        wheel.url = url;
        wheel.sha256 = sha256;
        return wheel;
    }
    static Reply index_page(const std::string& wheel) {
        return {.headers = {"Content-Type: application/vnd.pypi.simple.v1+json"},
                .body = R"({"meta":{"api-version":"1.0"},"files":[{"filename":")" + wheel +
                        R"(","url":"/f/)" + wheel + R"(","hashes":{}}]})"};
    }
    TempDir folder;
    SilentLog log;
    bool offline = false;
    std::map<std::string, std::vector<std::string>> mirrors;
    std::uint64_t requests = 0;
};

TEST_F(Live, TheFirstIndexThatHasTheNameWins) {
    const HttpServer first({{"/simple/mine/", index_page("mine-1.0-py3-none-any.whl")}});
    const HttpServer second({{"/simple/mine/", index_page("mine-99.0-py3-none-any.whl")},
                             {"/simple/other/", index_page("other-1.0-py3-none-any.whl")}});
    const std::vector<std::string> indexes{first.url("/simple/"), second.url("/simple")};
    const auto mine = page(indexes, "mine");
    ASSERT_TRUE(mine) << mine.error().message;
    EXPECT_EQ(mine->wheels[0].file_name, "mine-1.0-py3-none-any.whl");
    EXPECT_EQ(mine->index, first.url("/simple"));
    EXPECT_EQ(mine->wheels[0].url, first.url("/f/mine-1.0-py3-none-any.whl"));
    EXPECT_EQ(page(indexes, "other")->index, second.url("/simple"));
    EXPECT_FALSE(page(indexes, "absent")->exists);
    EXPECT_EQ(page(indexes, "mine", {{"mine", second.url("/simple")}})->wheels[0].file_name,
              "mine-99.0-py3-none-any.whl");
}

TEST_F(Live, RefusalAndFaultsNeverFallThroughToTheNextIndex) {
    const HttpServer second({{"/simple/mine/", index_page("mine-99.0-py3-none-any.whl")}});
    for (const int status : {401, 403, 500}) {
        const HttpServer first([&](const SeenRequest&) { return Reply{.status = status}; });
        const auto answer = page({first.url("/simple"), second.url("/simple")}, "mine");
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, ErrorCode::network);
        EXPECT_THAT(answer.error().message, HasSubstr(std::to_string(status)));
    }
    EXPECT_EQ(second.count(), 0U);
}

TEST_F(Live, ACaptivePortalIsNotCached) {
    std::atomic<bool> portal{true};
    const HttpServer server([&](const SeenRequest&) {
        return portal ? Reply{.body = "<html><a href=x>Log in</a></html>"}
                      : index_page("mine-1.0-py3-none-any.whl");
    });
    EXPECT_THAT(page({server.url("/simple")}, "mine").error().message, HasSubstr("captive portal"));
    portal = false;
    EXPECT_TRUE(page({server.url("/simple")}, "mine"));
}

TEST_F(Live, AnnouncedMetadataIsCheckedAgainstItsHash) {
    const std::string text = "Name: demo\nVersion: 1.0\nRequires-Dist: numpy\n\n";
    std::atomic<bool> damaged{true};
    const HttpServer server([&](const SeenRequest&) { return Reply{.body = damaged ? text + " " : text}; });
    WheelFile wheel = demo(server.url("/demo-1.0-py3-none-any.whl"));
    wheel.has_core_metadata = true;
    wheel.core_metadata_sha256 = sha256_of(text);
    const auto wrong = metadata(wheel);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::integrity);
    EXPECT_EQ(server.count(), 2U) << "tried once more";
    damaged = false;
    EXPECT_THAT(metadata(wheel)->requires_dist, ElementsAre("numpy"));
    EXPECT_EQ(server.seen()[0].path, "/demo-1.0-py3-none-any.whl.metadata");
    EXPECT_TRUE(metadata(wheel));
    EXPECT_EQ(server.count(), 3U) << "the third answer is the cache's";
}

TEST_F(Live, WithoutADocumentOneSuffixRangeIsEnough) {
    const std::string whole = make_wheel("demo", "1.0", {"numpy"}, 300'000, 1'000);
    const HttpServer server([&](const SeenRequest& request) {
        return request.path.ends_with(".metadata") ? Reply{.status = 404}
                                                   : HttpServer::ranged(request, whole);
    });
    const WheelFile wheel = demo(server.url("/demo-1.0-py3-none-any.whl"), sha256_of(whole));
    EXPECT_THAT(metadata(wheel)->requires_dist, ElementsAre("numpy"));
    ASSERT_EQ(server.count(), 2U);
    EXPECT_EQ(server.seen()[1].header("range"), "bytes=-65536");
    EXPECT_EQ(requests, 2U);
    for (const SeenRequest& request : server.seen()) EXPECT_EQ(request.method, "GET");
    offline = true;
    EXPECT_TRUE(metadata(wheel)) << "known by the wheel's hash";
}

TEST_F(Live, RangesGoWhereTheDirectorySays) {
    const std::string whole = make_wheel("demo", "1.0", {"numpy"}, 1'000, 300'000);
    std::vector<std::pair<std::string, std::string>> many{
        {"demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1.0\n"}};
    for (int i = 0; i < 2'000; ++i)
        many.emplace_back("demo/a_rather_long_name_of_a_file_" + std::to_string(i), "");
    const std::string big_directory = make_zip(many);
    for (const std::string& zip : {whole, big_directory}) {
        const HttpServer server([&](const SeenRequest& request) {
            return request.path.ends_with(".metadata") ? Reply{.status = 404}
                                                       : HttpServer::ranged(request, zip);
        });
        const auto found = metadata(demo(server.url("/demo-1.0-py3-none-any.whl")));
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_EQ(found->version, "1.0");
        EXPECT_GE(server.count(), 3U);
        for (const SeenRequest& request : server.seen())
            EXPECT_TRUE(request.path.ends_with(".metadata") || !request.header("range").empty());
    }
}

TEST_F(Live, AServerThatIgnoresOrBendsRangesGivesTheWholeWheel) {
    const std::string whole = make_wheel("demo", "1.0", {}, 200'000);
    for (const bool lies : {false, true}) {
        const HttpServer server([&](const SeenRequest& request) {
            if (request.path.ends_with(".metadata")) return Reply{.status = 404};
            if (!lies || request.header("range").empty()) return Reply{.body = whole};
            Reply reply = HttpServer::ranged(request, whole);
            reply.headers[0] = "Content-Range: bytes 5-9/200000";
            return reply;
        });
        EXPECT_TRUE(metadata(demo(server.url("/demo-1.0-py3-none-any.whl"))));
        EXPECT_EQ(server.count(), lies ? 3U : 2U);
        const auto wrong = metadata(demo(server.url("/demo-1.0-py3-none-any.whl"), sha256_of("other")));
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().code, ErrorCode::integrity);
    }
}

TEST_F(Live, AHostWithoutDocumentsIsNotAskedForThemForever) {
    const std::string whole = make_wheel("demo", "1.0");
    const HttpServer server([&](const SeenRequest& request) {
        return request.path.ends_with(".metadata") ? Reply{.status = 404}
                                                   : HttpServer::ranged(request, whole);
    });
    FetchSession session(options(), log);
    LiveMetadata live(session, {});
    for (int i = 0; i < 30; ++i) {
        live.ask_metadata(demo(server.url("/" + std::to_string(i) + "/demo-1.0-py3-none-any.whl")));
        EXPECT_TRUE(std::get<MetadataArrived>(live.wait()).metadata);
    }
    EXPECT_EQ(server.count(), 30U + 8U);
}

TEST_F(Live, EveryMirrorIsAskedForMetadataInOrder) {
    const std::string whole = make_wheel("demo", "1.0", {"numpy"});
    const std::string document = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n";
    const HttpServer down([](const SeenRequest&) { return Reply{.status = 503}; });
    const HttpServer empty([](const SeenRequest&) { return Reply{.status = 404}; });
    const HttpServer wrong([&](const SeenRequest& request) {
        return request.path.ends_with(".metadata") ? Reply{.body = document + "X: 1\n"}
                                                   : Reply{.body = whole + "x"};
    });
    const HttpServer good([&](const SeenRequest& request) {
        return request.path == "/m/demo-1.0-py3-none-any.whl.metadata" ? Reply{.body = document}
                                                                       : Reply{.status = 404};
    });
    WheelFile wheel = demo("https://files.example/demo-1.0-py3-none-any.whl", sha256_of(whole));
    wheel.has_core_metadata = true;
    wheel.core_metadata_sha256 = sha256_of(document);
    mirrors["https://files.example/"] = {down.url("/"), empty.url("/"), wrong.url("/"), good.url("/m/")};
    const auto found = metadata(wheel);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->version, "1.0");
    EXPECT_EQ(down.count(), 2U) << "tried again, as everything is";
    EXPECT_EQ(empty.count(), 2U) << "neither the document nor the wheel";
    EXPECT_EQ(wrong.count(), 2U) << "a wrong hash is asked for once more";
    EXPECT_EQ(good.count(), 1U);
    EXPECT_TRUE(metadata(wheel));
    EXPECT_EQ(good.count(), 1U) << "the second answer is the cache's";
    mirrors["https://files.example/"].pop_back();
    wheel.sha256 = sha256_of("another wheel");
    const auto none = metadata(wheel);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::integrity) << "what the last of them said";
}

TEST_F(Live, AStoreThatForbidsWhatItDoesNotHaveIsAskedForTheWheel) {
    const std::string whole = make_wheel("demo", "1.0", {"numpy"});
    const HttpServer server([&](const SeenRequest& request) {
        return request.path.ends_with(".metadata") ? Reply{.status = 403}
                                                   : HttpServer::ranged(request, whole);
    });
    WheelFile wheel = demo(server.url("/demo-1.0-py3-none-any.whl"));
    const auto found = metadata(wheel);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_THAT(found->requires_dist, ElementsAre("numpy"));
    wheel.url = server.url("/other/demo-1.0-py3-none-any.whl");
    wheel.has_core_metadata = true;
    EXPECT_FALSE(metadata(wheel)) << "what the index announces may not be forbidden";
}

TEST_F(Live, DamagedWheelsAreErrors) {
    const std::string good = make_wheel("demo", "1.0");
    const std::string two = make_zip({{"a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"},
                                      {"b-1.dist-info/METADATA", "Name: b\nVersion: 1\n"}});
    for (const std::string& zip : {good + "trailing", good.substr(0, good.size() / 2), std::string("<html>"),
                                   two, make_zip({{"x", "y"}})}) {
        const HttpServer server([&](const SeenRequest& request) {
            return request.path.ends_with(".metadata") ? Reply{.status = 404}
                                                       : HttpServer::ranged(request, zip);
        });
        const auto found = metadata(demo(server.url("/demo-1.0-py3-none-any.whl")));
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code, ErrorCode::integrity);
        EXPECT_THAT(found.error().message, HasSubstr("demo-1.0-py3-none-any.whl"));
    }
}

TEST_F(Live, FindLinksAddsTheWheelsOfAFolder) {
    folder.write("links/My.Demo-3.0-py3-none-any.whl", make_wheel("My.Demo", "3.0", {"numpy"}));
    folder.write("links/other-1.0-py3-none-any.whl", make_wheel("other", "1.0"));
    FetchSession session(options(), log);
    LiveMetadataOptions asked;
    asked.find_links = {(folder.path() / "links").string()};
    LiveMetadata live(session, asked);
    live.ask_page("my-demo");
    const auto found = std::get<PageArrived>(live.wait()).page;
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->wheels.size(), 1U);
    EXPECT_TRUE(found->wheels[0].sha256.known());
    live.ask_metadata(found->wheels[0]);
    EXPECT_THAT(std::get<MetadataArrived>(live.wait()).metadata->requires_dist, ElementsAre("numpy"));
}

class LinksOfAServer : public Live {
protected:
    static std::map<std::string, Reply> files() {
        const std::string stated = sha256_of("stated").hex();
        const std::string page =
            "<html><body><h1>files</h1>"
            "<a href='my_demo-3.0-py3-none-any.whl#sha256=" +
            stated +
            "'>any text</a>"
            "<a href='../w/My.Demo-2.0%2Bcpu-py3-none-any.whl?v=1'>cpu/My.Demo-2.0+cpu</a>"
            "<a href='my_demo-4.0-cp39-cp39-win32.whl'>x</a><a href='my_demo-1.0.tar.gz'>x</a>"
            "<a href='other-1.0-py3-none-any.whl'>x</a><a href='readme.html'>x</a>"
            "<a href='file:///my_demo-9.0-py3-none-any.whl'>x</a></body></html>";
        return {{"/links/", {.body = page}},
                {"/w/My.Demo-2.0%2Bcpu-py3-none-any.whl?v=1",
                 {.body = make_wheel("My.Demo", "2.0+cpu", {"numpy"})}},
                {"/simple/my-demo/", index_page("my_demo-1.5-py3-none-any.whl")}};
    }
    LiveMetadataOptions asked(FetchSession& session, const HttpServer& server) const {
        LiveMetadataOptions made;
        auto page = read_link_page(session, server.url("/links/"));
        EXPECT_TRUE(page) << page.error().message;
        made.link_pages = {*page};
        made.keep = [](std::string_view name) { return name.ends_with("any.whl"); };
        return made;
    }
    static ProjectPage page_of(LiveMetadata& live, const std::string& name) {
        live.ask_page(name);
        auto page = std::get<PageArrived>(live.wait()).page;
        EXPECT_TRUE(page) << page.error().message;
        return page ? *page : ProjectPage{};
    }
    static std::vector<std::string> names_of(const ProjectPage& page) {
        std::vector<std::string> names;
        for (const WheelFile& file : page.wheels) names.push_back(file.file_name);
        return names;
    }
};

TEST_F(LinksOfAServer, AreReadOnceAndGivenToTheirProjects) {
    const HttpServer server(files());
    for (const bool again : {false, true}) {
        FetchSession session(options(), log);
        LiveMetadata live(session, asked(session, server));
        const ProjectPage page = page_of(live, "my-demo");
        EXPECT_EQ(page.index, server.url(""));
        ASSERT_THAT(names_of(page),
                    ElementsAre("my_demo-3.0-py3-none-any.whl", "My.Demo-2.0+cpu-py3-none-any.whl"));
        EXPECT_EQ(page.wheels[0].url, server.url("/links/my_demo-3.0-py3-none-any.whl"));
        EXPECT_EQ(page.wheels[0].sha256, sha256_of("stated"));
        EXPECT_EQ(page.wheels[0].origin, server.url(""));
        EXPECT_FALSE(page.wheels[1].sha256.known());
        using Unusable = std::pair<std::string, UnusableReason>;
        EXPECT_THAT(page.unusable, ElementsAre(Unusable("1.0", UnusableReason::sdist_only),
                                               Unusable("4.0", UnusableReason::no_matching_wheel)));
        EXPECT_THAT(names_of(page_of(live, "other")), ElementsAre("other-1.0-py3-none-any.whl"));
        EXPECT_FALSE(page_of(live, "absent").exists);
        EXPECT_EQ(server.count(), 1U) << "one page for all projects" << again;
    }
}

TEST_F(LinksOfAServer, StandBesideTheIndex) {
    const HttpServer server(files());
    FetchSession session(options(), log);
    LiveMetadataOptions both = asked(session, server);
    both.indexes = {server.url("/simple")};
    {
        LiveMetadata live(session, both);
        const ProjectPage page = page_of(live, "my-demo");
        EXPECT_EQ(page.index, server.url("/simple"));
        ASSERT_EQ(page.wheels.size(), 3U);
        EXPECT_EQ(page.wheels[0].origin, "");
        EXPECT_EQ(page.wheels[2].origin, server.url(""));
    }
    // A server's page says no times: a cut-off takes none of it, and says so.
    both.indexes.clear();
    both.exclude_newer_ms = 1;
    LiveMetadata live(session, both);
    const ProjectPage page = page_of(live, "my-demo");
    EXPECT_THAT(page.wheels, ElementsAre());
    ASSERT_EQ(page.unusable.size(), 4U);
    EXPECT_EQ(page.unusable[2].second, UnusableReason::after_cutoff);
}

TEST_F(LinksOfAServer, WithoutAHashAreHashedWhenTheyAreLocked) {
    const HttpServer server(files());
    FetchSession session(options(), log);
    LiveMetadata live(session, asked(session, server));
    const ProjectPage page = page_of(live, "my-demo");
    ASSERT_EQ(page.wheels.size(), 2U);
    live.ask_metadata(page.wheels[1]);
    EXPECT_THAT(std::get<MetadataArrived>(live.wait()).metadata->requires_dist, ElementsAre("numpy"));
    const auto digest = live.read_digest(page.wheels[1]);
    ASSERT_TRUE(digest) << digest.error().message;
    const std::string wheel = make_wheel("My.Demo", "2.0+cpu", {"numpy"});
    EXPECT_EQ(digest->sha256, sha256_of(wheel));
    EXPECT_EQ(digest->size_bytes, wheel.size());
    WheelFile gone = page.wheels[1];
    gone.url = server.url("/gone.whl");
    const auto absent = live.read_digest(gone);
    ASSERT_FALSE(absent);
    EXPECT_THAT(absent.error().message, HasSubstr("/gone.whl"));
}

TEST_F(LinksOfAServer, WhatIsNoPageOfLinksIsRefused) {
    const HttpServer server(
        {{"/login/", {.body = "<html><a href='/login'>log in</a></html>"}}, {"/text/", {.body = "x"}}});
    FetchSession session(options(), log);
    for (const std::string path : {"/login/", "/text/", "/absent/"}) {
        const auto page = read_link_page(session, server.url(path));
        ASSERT_FALSE(page) << path;
        EXPECT_THAT(page.error().message, HasSubstr(path));
    }
}

TEST_F(Live, RevalidatesAllThatTheLastRunNeededAtOnce) {
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    const HttpServer server([&](const SeenRequest& request) {
        const int now = ++at_once;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        --at_once;
        if (!request.header("if-none-match").empty()) return Reply{.status = 304};
        return Reply{.headers = {"ETag: \"1\"", "Cache-Control: max-age=0"},
                     .body = R"({"meta":{"api-version":"1.3"},"files":[]})"};
    });
    const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
    const auto run = [&](bool refused) {
        FetchSession session(options(), log);
        LiveMetadataOptions asked;
        asked.indexes = {server.url("/simple")};
        asked.hint = "a request";
        LiveMetadata live(session, asked);
        for (const std::string& name :
             names) {  // each after the answer to the one before, as a graph is walked
            live.ask_page(name);
            EXPECT_EQ(live.pending(), 1U);
            const auto arrival = std::get<PageArrived>(live.wait());
            EXPECT_EQ(arrival.name, name);
            EXPECT_EQ(static_cast<bool>(arrival.page), !refused);
        }
        return live.counts().index_requests;
    };
    EXPECT_EQ(run(false), 6U);
    EXPECT_EQ(most, 1);
    EXPECT_EQ(run(false), 6U) << "each once";
    EXPECT_GT(most, 1) << "and not one after the other";
    EXPECT_EQ(server.count(), 12U);
    offline = true;
    EXPECT_EQ(run(false), 0U);
    EXPECT_EQ(server.count(), 12U);
}

TEST_F(Live, ReadsTheCapturedIndexWithNoServer) {
    AIMLOCK_NEEDS_SHARED(snapshot, "pypi/pypi-snapshot.tar.zst");
    std::vector<std::string> names;
    {
        const std::string tar = read_shared(snapshot);
        for_each_file(tar, [&](std::string_view path, std::string_view content) {
            if (!path.ends_with("/index.json")) return;
            folder.write(path, content);
            path.remove_suffix(11);
            names.emplace_back(path.substr(path.rfind('/') + 1));
        });
    }
    EXPECT_EQ(names.size(), 705U);
    FetchSession session(options(), log);
    LiveMetadataOptions asked;
    asked.indexes = {(folder.path() / "simple").string()};
    asked.keep = [](std::string_view file) {
        return file.ends_with("-none-any.whl") ||
               (file.find("-cp312-") != std::string_view::npos && file.ends_with("x86_64.whl"));
    };
    LiveMetadata live(session, asked);
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string& name : names) live.ask_page(name);
    std::size_t wheels = 0;
    std::size_t unusable = 0;
    while (live.pending() > 0) {
        const auto arrival = std::get<PageArrived>(live.wait());
        ASSERT_TRUE(arrival.page) << arrival.page.error().message;
        wheels += arrival.page->wheels.size();
        unusable += arrival.page->unusable.size();
    }
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin)
            .count();
    std::cout << names.size() << " pages, " << wheels << " wheels kept, " << unusable
              << " versions unusable, " << took << " ms\n";
    EXPECT_GT(wheels, 10'000U);
}

}  // namespace
}  // namespace aimlock
