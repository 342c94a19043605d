// Source distributions and addresses: what is learned of them without running anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/archive_store.hpp"
#include "fetch/atomic_file.hpp"
#include "fetch/live_metadata.hpp"
#include "fetch/pypi/source_archive.hpp"
#include "fetch/url.hpp"
#include "tests/support/archive_builder.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/fetch/wheel_maker.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;  // HttpServer, Reply, TempDir, tar_of, …

const std::string pkg_info =
    "Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nRequires-Dist: numpy<2\n\nText";

/// As `[build-system]` of every tree says, and `[project]` where the text begins with "static".
Result<SourceProject> project_of(std::string_view text, const std::string& file) {
    if (text == "broken") return fail(ErrorCode::manifest, file + ": broken");
    SourceProject project;
    project.build_requires = {"maker>=1"};
    project.has_project = text.starts_with("static") || text.starts_with("dynamic");
    project.metadata.name = "demo";
    project.metadata.version = text == "static without version" ? "" : "1.0";
    project.metadata.requires_dist = {"scipy"};
    if (text == "dynamic") project.dynamic = {"readme", "dependencies"};
    return project;
}

std::string sdist_of(const std::vector<TarMember>& members) {
    return gzip_of(tar_of(members));
}
std::string demo_sdist(const std::string& info = pkg_info) {
    return sdist_of({{"demo-1.0/PKG-INFO", info},
                     {"demo-1.0/pyproject.toml", "text"},
                     {"demo-1.0/demo.egg-info/PKG-INFO", "another"},
                     {"demo-1.0/demo.py", "raise SystemExit"}});
}

TEST(SourceArchive, FindsTheDocumentsOfTheProject) {
    const auto read = read_source_documents(demo_sdist(), "demo-1.0.tar.gz", {});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->pkg_info, pkg_info);
    EXPECT_EQ(read->pyproject, "text");
    const std::string zip = make_zip({{"demo-1.0/PKG-INFO", pkg_info}, {"demo-1.0/setup.py", ""}});
    const auto zipped = read_source_documents(zip, "demo-1.0.zip", {});
    ASSERT_TRUE(zipped) << zipped.error().message;
    EXPECT_EQ(zipped->pkg_info, pkg_info);
    EXPECT_TRUE(zipped->has_setup_py);
    const auto inner = read_source_documents(
        sdist_of({{"top/pyproject.toml", "outer"}, {"top/a/b/pyproject.toml", "inner"}}), "x.tar.gz", "a/b");
    ASSERT_TRUE(inner);
    EXPECT_EQ(inner->pyproject, "inner");
}

TEST(SourceArchive, RefusesWhatTwoReadersCouldReadInTwoWays) {
    const auto why = [](const std::vector<TarMember>& members) {
        const auto read = read_source_documents(sdist_of(members), "x.tar.gz", {});
        return read ? std::string("read") : read.error().message;
    };
    EXPECT_THAT(why({{"a/PKG-INFO", pkg_info}, {"a/PKG-INFO", pkg_info}}), HasSubstr("PKG-INFO twice"));
    EXPECT_THAT(why({{"a/PKG-INFO", pkg_info}, {"b/PKG-INFO", pkg_info}}), HasSubstr("several folders"));
    EXPECT_THAT(why({{"a/../PKG-INFO", pkg_info}}), HasSubstr(".."));
    EXPECT_THAT(why({{"a/x.py", ""}}), HasSubstr("no Python project"));
    EXPECT_THAT(why({{"a/pyproject.toml", std::string(9U << 20U, ' ')}}), HasSubstr("8 MiB"));
}

struct Certain {
    const char* name;
    std::string info;
    std::string pyproject;
    std::vector<std::string> requires_dist;
    const char* unusable = "";
    friend void PrintTo(const Certain& c, std::ostream* out) { *out << c.name; }
};
class StaticMetadata : public ::testing::TestWithParam<Certain> {};

TEST_P(StaticMetadata, IsWhatTheStandardsCallCertain) {
    const Certain& given = GetParam();
    const CoreMetadata read = static_metadata({given.info, given.pyproject, false}, project_of, "demo");
    EXPECT_THAT(read.unusable, HasSubstr(given.unusable));
    EXPECT_EQ(read.unusable.empty(), std::string(given.unusable).empty()) << read.unusable;
    if (!read.unusable.empty()) return;
    EXPECT_EQ(read.requires_dist, given.requires_dist);
    EXPECT_EQ(read.version, "1.0");
    EXPECT_THAT(read.build_requires, ElementsAre("maker>=1"));
}

const std::string old_info = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: wrong\n";
const std::string dynamic_info =
    "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nDynamic: license-file\nDynamic: requires-dist\n";
INSTANTIATE_TEST_SUITE_P(
    Sources,
    StaticMetadata,
    ::testing::Values(
        Certain{"pkg_info_2_2", pkg_info, "", {"numpy<2"}},
        Certain{"pkg_info_wins", pkg_info, "static", {"numpy<2"}},
        Certain{"pkg_info_2_10", "Metadata-Version: 2.10\nName: demo\nVersion: 1.0\n", "", {}},
        Certain{
            "other_dynamic", "Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nDynamic: License\n", "", {}},
        Certain{"old_but_project", old_info, "static", {"scipy"}},
        Certain{"dynamic_but_project", dynamic_info, "static", {"scipy"}},
        Certain{"version_of_pkg_info", old_info, "static without version", {"scipy"}},
        Certain{"repository", "", "static", {"scipy"}},
        Certain{"old", old_info, "", {}, "version 2.1"},
        Certain{"dynamic", dynamic_info, "", {}, "`Dynamic` of their PKG-INFO names Requires-Dist"},
        Certain{
            "both_dynamic", dynamic_info, "dynamic", {}, "`dynamic` in pyproject.toml names dependencies"},
        Certain{"no_version", "", "static without version", {}, "leaves the version open"},
        Certain{"nothing", "", "", {}, "no PKG-INFO"},
        Certain{"broken", pkg_info, "broken", {}, "broken"}),
    [](const auto& test) { return std::string(test.param.name); });

class Sources : public ::testing::Test {
protected:
    FetchOptions options() const {
        FetchOptions made;
        made.cache_dir = folder.path() / "cache";
        made.transfer.retry_base = std::chrono::milliseconds(1);
        made.transfer.tries = 2;
        made.offline = offline;
        return made;
    }
    /// The page of `demo`, and the metadata of its last file.
    void ask(LiveMetadataOptions asked) {
        asked.read_project = project_of;
        FetchSession session(options(), log);
        LiveMetadata live(session, std::move(asked));
        live.ask_page("demo");
        page = std::get<PageArrived>(live.wait()).page;
        if (!page || page->wheels.empty()) return;
        live.ask_metadata(page->wheels.back());
        metadata = std::get<MetadataArrived>(live.wait()).metadata;
        EXPECT_EQ(live.pending(), 0U);
    }
    void ask(const std::string& address) {
        LiveMetadataOptions asked;
        const auto parsed = DirectUrl::parse(address);
        ASSERT_TRUE(parsed) << parsed.error().message;
        asked.direct.emplace("demo", *parsed);
        ask(std::move(asked));
    }
    [[nodiscard]] bool in_store(const std::string& bytes, const std::string& end) const {
        const std::string hex = sha256_of(bytes).hex();
        return std::filesystem::exists(folder.path() / "cache/store" / hex.substr(0, 2) / (hex + end));
    }

    TempDir folder;
    SilentLog log;
    bool offline = false;
    Result<ProjectPage> page;
    Result<CoreMetadata> metadata;
    const std::string wheel = make_wheel("demo", "1.0", {"numpy"}, 200'000);
    const std::string wheel_path = "/f/demo-1.0-py3-none-any.whl";
};

TEST_F(Sources, AWheelAtAnAddressWithItsHashIsReadByRanges) {
    const HttpServer server([&](const SeenRequest& request) { return HttpServer::ranged(request, wheel); });
    ask(server.url(wheel_path) + "#sha256=" + sha256_of(wheel).hex());
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->wheels.size(), 1U);
    EXPECT_EQ(page->wheels[0].sha256, sha256_of(wheel));
    EXPECT_TRUE(page->wheels[0].direct);
    EXPECT_EQ(page->index, server.url());
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_THAT(metadata->requires_dist, ElementsAre("numpy"));
    EXPECT_EQ(metadata->file_bytes, wheel.size());
    for (const SeenRequest& seen : server.seen()) EXPECT_NE(seen.header("range"), "");
    offline = true;
    ask(server.url(wheel_path) + "#sha256=" + sha256_of(wheel).hex());
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_EQ(metadata->file_bytes, wheel.size());
}

TEST_F(Sources, AWheelAtAnAddressWithoutHashIsDownloadedOnce) {
    const HttpServer server(
        {{wheel_path, {.headers = {"ETag: \"1\"", "Cache-Control: max-age=0"}, .body = wheel}}});
    ask(server.url(wheel_path));
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_THAT(metadata->requires_dist, ElementsAre("numpy"));
    EXPECT_EQ(page->wheels[0].sha256, sha256_of(wheel));
    EXPECT_EQ(page->wheels[0].size_bytes, wheel.size());
    EXPECT_TRUE(in_store(wheel, ".whl"));
    EXPECT_EQ(server.count(), 1U);
    offline = true;
    ask(server.url(wheel_path));
    EXPECT_TRUE(page);
    EXPECT_EQ(server.count(), 1U);
}

TEST_F(Sources, AFileAtAnAddressIsReadWhereItLies) {
    std::filesystem::create_directories(folder.path());
    const auto file = folder.path() / "demo-1.0-py3-none-any.whl";
    ASSERT_TRUE(write_file_atomically(file, wheel));
    ask(file_url_of(file));
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_EQ(page->wheels[0].sha256, sha256_of(wheel));
    EXPECT_EQ(page->index, file_url_of(folder.path()));
    EXPECT_FALSE(in_store(wheel, ".whl"));
    ask(file_url_of(file) + "#sha256=" + std::string(64, 'a'));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, ErrorCode::integrity);
}

TEST_F(Sources, AnAddressMustHoldWhatItWasWrittenFor) {
    const std::string other = make_wheel("other", "1.0");
    const HttpServer server(
        {{"/other-1.0-py3-none-any.whl", {.body = other}},
         {wheel_path, {.body = wheel}},
         {"/demo-1.0.zip",
          {.body = make_zip({{"x/PKG-INFO", "Metadata-Version: 2.2\nName: other\nVersion: 1\n"}})}}});
    ask(server.url("/other-1.0-py3-none-any.whl"));
    ASSERT_FALSE(page);
    EXPECT_THAT(page.error().message, HasSubstr("holds `other`, not `demo`"));
    ask(server.url("/demo-1.0.zip"));
    ASSERT_FALSE(page);
    EXPECT_THAT(page.error().message, HasSubstr("holds `other`, not `demo`"));
    ask(server.url("/absent-1.0.zip"));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, ErrorCode::not_found);
}

TEST_F(Sources, SourcesAtAnAddressSayTheirVersion) {
    const std::string sdist = demo_sdist();
    const HttpServer server(
        {{"/archive/main.tar.gz", {.headers = {"Content-Encoding: gzip"}, .body = sdist}}});
    ask(server.url("/archive/main.tar.gz") + "#sha256=" + sha256_of(sdist).hex());
    ASSERT_TRUE(metadata) << (page ? metadata.error().message : page.error().message);
    EXPECT_EQ(page->wheels[0].file_name, "demo-1.0.tar.gz");
    EXPECT_EQ(page->wheels[0].kind, ArtifactKind::sdist);
    EXPECT_THAT(metadata->requires_dist, ElementsAre("numpy<2"));
    EXPECT_THAT(metadata->build_requires, ElementsAre("maker>=1"));
    EXPECT_TRUE(in_store(sdist, ".tar.gz"));
    EXPECT_EQ(server.seen()[0].header("accept-encoding"), "");
}

TEST_F(Sources, SourcesAtAnAddressThatSayNothingAreAnError) {
    const HttpServer server({{"/a.tar.gz", {.body = demo_sdist(old_info)}}});
    ask(server.url("/a.tar.gz"));
    ASSERT_FALSE(page);
    EXPECT_THAT(page.error().message, HasSubstr("cannot be used: their PKG-INFO is of version 2.1"));
}

TEST_F(Sources, AnIndexListsSourcesForThoseWhoMayBuildThem) {
    const std::string sdist = demo_sdist();
    const std::string listed =
        R"({"meta":{"api-version":"1.0"},"files":[{"filename":"demo-1.0.tar.gz","url":"/f/demo-1.0.tar.gz",
            "requires-python":">=3.8","size":)" +
        std::to_string(sdist.size()) + R"(,"hashes":{"sha256":")" + sha256_of(sdist).hex() +
        R"("}},{"filename":"demo-0.9-py3-none-any.whl","url":"/f/demo-0.9-py3-none-any.whl","hashes":{}}]})";
    const HttpServer server({{"/simple/demo/", {.body = listed}}, {"/f/demo-1.0.tar.gz", {.body = sdist}}});
    LiveMetadataOptions asked;
    asked.indexes = {server.url("/simple")};
    {
        FetchSession session(options(), log);
        LiveMetadata live(session, asked);
        live.ask_page("demo");
        const auto plain = std::get<PageArrived>(live.wait()).page;
        ASSERT_TRUE(plain);
        EXPECT_EQ(plain->wheels.size(), 1U);
        EXPECT_EQ(plain->unusable.size(), 1U);
    }
    asked.sources.allowed = {"demo"};
    ask(asked);
    ASSERT_TRUE(metadata) << metadata.error().message;
    ASSERT_EQ(page->wheels.size(), 2U);
    EXPECT_THAT(page->unusable, IsEmpty());
    EXPECT_EQ(page->wheels[1].requires_python, ">=3.8");
    EXPECT_THAT(metadata->requires_dist, ElementsAre("numpy<2"));
    EXPECT_TRUE(in_store(sdist, ".tar.gz"));
    EXPECT_EQ(server.count(), 2U);  // the page once, for both
    asked.sources.sources_only = {"demo"};
    ask(asked);
    EXPECT_EQ(page->wheels.size(), 1U);
    EXPECT_EQ(server.count(), 2U);
}

TEST_F(Sources, SourcesThatAreNotAsPromisedAreAnErrorAndLeaveNothing) {
    const HttpServer server({{"/f/demo-1.0.tar.gz", {.body = "not it"}}});
    FetchSession session(options(), log);
    LiveMetadataOptions asked;
    asked.read_project = project_of;
    LiveMetadata live(session, asked);
    WheelFile file;
    file.file_name = "demo-1.0.tar.gz";
    file.kind = ArtifactKind::sdist;
    file.url = server.url("/f/demo-1.0.tar.gz");
    file.sha256 = sha256_of("it");
    live.ask_metadata(file);
    const auto answer = std::get<MetadataArrived>(live.wait()).metadata;
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::integrity);
    EXPECT_EQ(server.count(), 2U);
    EXPECT_FALSE(in_store("not it", ".tar.gz"));
}

TEST_F(Sources, CredentialsOfAnAddressGoToItsHostAndNowhereElse) {
    const HttpServer server([&](const SeenRequest& request) {
        if (request.header("authorization").empty()) return Reply{.status = 401};
        return Reply{.body = wheel};
    });
    std::string address = server.url(wheel_path);
    address.insert(7, "me:canary@");
    ask(address);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->wheels[0].url, server.url(wheel_path));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        if (!entry.is_regular_file()) continue;
        const auto content = read_whole_file(entry.path());
        EXPECT_EQ(content->find("canary"), std::string::npos) << entry.path();
    }
}

}  // namespace
}  // namespace aimlock
