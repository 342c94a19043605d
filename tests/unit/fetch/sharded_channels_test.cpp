// Channels that are read by shards, from a server on loopback.
#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/compression.hpp"
#include "fetch/conda/repodata.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/fetch/shard_maker.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::IsEmpty;
using testing::Reply;
using testing::SeenRequest;
using testing::ShardRecord;
using testing::TempDir;
using ::testing::UnorderedElementsAre;
using Files = std::map<std::string, Reply>;

void add(Files& files, Files more) {
    files.merge(std::move(more));
}

/// Two subdirs: app -> lib -> zlib over both of them, and a name that nothing reaches.
Files forge() {
    Files files = testing::sharded_subdir(
        "/forge/linux-64/", {{"app", {{"app", "1", {"lib >=1", "__glibc"}}, {"app", "2", {"lib >=2"}}}},
                             {"zlib", {{"zlib", "1"}}},
                             {"unused", {{"unused", "1"}}}});
    add(files, testing::sharded_subdir("/forge/noarch/",
                                       {{"lib", {{"lib", "2", {"zlib"}}}}, {"zlib", {{"zlib", "0.5"}}}}));
    return files;
}

class Project {
public:
    explicit Project(HttpServer& server) : server_(server) {}

    std::function<void(FetchOptions&)> set = [](FetchOptions&) {};
    std::function<void(ChannelReading&)> ask = [](ChannelReading&) {};
    std::vector<std::string> warnings;
    std::vector<std::string> notes;

    Result<std::vector<Channel>> read(const std::string& name = "forge", const std::string& spec = "app") {
        seen_before_ = server_.count();
        FetchOptions options;
        options.cache_dir = folder_.path() / "cache";
        options.transfer.retry_base = std::chrono::milliseconds(1);
        set(options);
        Says log(*this);
        FetchSession session(options, log);
        ChannelReading reading;
        reading.channels = {server_.url("/" + name)};
        reading.platforms = {"linux-64"};
        reading.asked = {{"linux-64", {*MatchSpec::parse(spec)}}};
        ask(reading);
        return read_channels(session, reading, log);
    }

    /// Paths asked for by the last read, sorted.
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> paths;
        const auto all = server_.seen();
        for (std::size_t i = seen_before_; i < all.size(); ++i) paths.push_back(all[i].path);
        std::ranges::sort(paths);
        return paths;
    }

private:
    class Says final : public Log {
    public:
        explicit Says(Project& project) : project_(project) {}
        void write(LogLevel level, std::string_view message) override {
            if (level == LogLevel::warning) project_.warnings.emplace_back(message);
            if (level == LogLevel::note) project_.notes.emplace_back(message);
        }

    private:
        Project& project_;
    };

    HttpServer& server_;
    TempDir folder_;
    std::size_t seen_before_ = 0;
};

/// "linux-64/app-1-0.conda …" of all records that were read.
std::vector<std::string> files_of(const std::vector<Channel>& channels) {
    std::vector<std::string> files;
    for (const Channel& channel : channels) {
        for (const Repodata& repodata : channel.subdirs) {
            for (const CondaRecord& record : repodata.records)
                files.push_back(channel.name + "/" + repodata.subdir + "/" +
                                std::string(repodata.text(record.file_name)));
        }
    }
    return files;
}

TEST(ShardedChannels, AreReadAsFarAsTheRequestReaches) {
    HttpServer server(forge());
    Project project(server);
    const auto channels = project.read();
    ASSERT_TRUE(channels) << channels.error().message;
    EXPECT_THAT(files_of(*channels),
                ElementsAre("forge/linux-64/app-1-0.conda", "forge/linux-64/app-2-0.conda",
                            "forge/linux-64/zlib-1-0.conda", "forge/noarch/lib-2-0.conda",
                            "forge/noarch/zlib-0.5-0.conda"));
    EXPECT_FALSE((*channels)[0].is_whole);
    EXPECT_EQ((*channels)[0].subdirs[0].base_url, server.url("/forge/linux-64/"));
    EXPECT_EQ(project.asked().size(), 2U + 4U) << "two indexes and four shards";
    EXPECT_THAT(project.warnings, IsEmpty());
}

TEST(ShardedChannels, AskNothingWhileTheIndexIsFresh) {
    Files files = forge();
    for (auto& [path, reply] : files) {
        if (path.ends_with("repodata_shards.msgpack.zst"))
            reply.headers = {"Cache-Control: max-age=3600", "ETag: \"1\""};
    }
    HttpServer server(files);
    Project project(server);
    const auto cold = project.read();
    ASSERT_TRUE(cold);
    const auto warm = project.read();
    ASSERT_TRUE(warm) << warm.error().message;
    EXPECT_THAT(project.asked(), IsEmpty());
    EXPECT_EQ(files_of(*warm), files_of(*cold));
    project.set = [](FetchOptions& options) {
        options.offline = true;
        options.now_s = [] { return std::int64_t{10'000'000'000}; };
    };
    const auto offline = project.read();
    ASSERT_TRUE(offline) << offline.error().message;
    EXPECT_THAT(project.asked(), IsEmpty());
    // Stale: the indexes are asked about, shards never again.
    project.set = [](FetchOptions& options) { options.now_s = [] { return std::int64_t{10'000'000'000}; }; };
    ASSERT_TRUE(project.read());
    EXPECT_THAT(project.asked(), ElementsAre("/forge/linux-64/repodata_shards.msgpack.zst",
                                             "/forge/noarch/repodata_shards.msgpack.zst"));
    EXPECT_EQ(server.seen().back().header("if-none-match"), "\"1\"");
}

TEST(ShardedChannels, LikelyNamesAreAskedForAtOnceAndMayBeWrong) {
    Files files = forge();
    std::erase_if(files, [](const auto& file) {
        return file.first.find(sha256_of(testing::shard_of({{"unused", "1"}})).hex()) != std::string::npos;
    });
    HttpServer server(files);
    Project project(server);
    project.ask = [](ChannelReading& reading) { reading.likely_names = {"unused", "zlib", "nowhere"}; };
    const auto channels = project.read();
    ASSERT_TRUE(channels) << channels.error().message;
    EXPECT_EQ(files_of(*channels).size(), 5U) << "what nothing reaches is not handed over";
}

TEST(ShardedChannels, OtherChannelsAndWholeOnesTakePartInTheClosure) {
    Files files = forge();
    files["/mine/linux-64/repodata.json"].body =
        R"({"packages.conda":{"tool-1-0.conda":{"name":"tool","version":"1","build":"0","depends":["app","own"]},)"
        R"("own-1-0.conda":{"name":"own","version":"1","build":"0","depends":["unused"]}}})";
    HttpServer server(files);
    Project project(server);
    project.ask = [&](ChannelReading& reading) {
        reading.channels.insert(reading.channels.begin(), server.url("/mine"));
    };
    const auto channels = project.read("forge", "tool");
    ASSERT_TRUE(channels) << channels.error().message;
    EXPECT_EQ(files_of(*channels).size(), 2U + 6U);
    EXPECT_TRUE((*channels)[0].is_whole);
    const auto asked = project.asked();
    EXPECT_EQ(std::ranges::count(asked, "/mine/linux-64/repodata_shards.msgpack.zst"), 1);
    // That a channel has no shards is remembered.
    ASSERT_TRUE(project.read("forge", "tool"));
    EXPECT_EQ(std::ranges::count(project.asked(), "/mine/linux-64/repodata_shards.msgpack.zst"), 0);
}

TEST(ShardedChannels, ForbiddenIndexMeansNone) {
    Files files;
    for (const char* subdir : {"linux-64", "noarch"})
        files[std::string("/mine/") + subdir + "/repodata_shards.msgpack.zst"].status = 403;
    files["/mine/noarch/repodata.json"].body = R"({"packages":{}})";
    HttpServer server(files);
    Project project(server);
    const auto channels = project.read("mine");
    ASSERT_TRUE(channels) << channels.error().message;
    EXPECT_TRUE((*channels)[0].is_whole);
}

TEST(ShardedChannels, ToExplainReadsNearestNamesAndTellsOfTheOthers) {
    HttpServer server(forge());
    Project project(server);
    project.ask = [](ChannelReading& reading) { reading.to_explain = true; };
    const auto channels = project.read("forge", "apq");
    ASSERT_TRUE(channels) << channels.error().message;
    EXPECT_EQ(files_of(*channels).size(), 5U) << "those of app, which is the nearest";
    std::vector<std::string> unread;
    for (const Repodata& repodata : (*channels)[0].subdirs)
        unread.insert(unread.end(), repodata.unread.begin(), repodata.unread.end());
    EXPECT_THAT(unread, ElementsAre("unused"));
}

TEST(ShardedChannels, ADamagedShardIsAskedForOnceMore) {
    const Files files = forge();
    const std::string lib =
        "/forge/noarch/s/" + sha256_of(testing::shard_of({{"lib", "2", {"zlib"}}})).hex() + ".msgpack.zst";
    for (const int times : {1, 100}) {
        std::atomic<int> left = times;
        HttpServer server([&](const SeenRequest& request) {
            const auto file = files.find(request.path);
            Reply reply = file == files.end() ? Reply{404} : file->second;
            if (request.path == lib && left-- > 0) reply.body[reply.body.size() / 2] ^= 1;
            return reply;
        });
        Project project(server);
        const auto channels = project.read();
        const auto asked = project.asked();
        EXPECT_EQ(std::ranges::count(asked, lib), 2) << times;
        ASSERT_EQ(channels.has_value(), times == 1);
        if (times == 1) continue;
        EXPECT_EQ(channels.error().code, ErrorCode::integrity);
        EXPECT_THAT(channels.error().message, HasSubstr("shard `lib` of channel `forge`"));
        EXPECT_THAT(channels.error().message, HasSubstr("sha256 is"));
    }
}

TEST(ShardedChannels, AMissingShardFailsTheWhole) {
    Files files = forge();
    std::erase_if(files, [](const auto& file) { return file.first.starts_with("/forge/noarch/s/"); });
    HttpServer server(files);
    Project project(server);
    const auto channels = project.read();
    ASSERT_FALSE(channels);
    EXPECT_EQ(channels.error().code, ErrorCode::not_found);
    EXPECT_THAT(channels.error().message, HasSubstr("shard `lib` of channel `forge`"));
}

TEST(ShardedChannels, BringTheChannelsThatTheyBelongTo) {
    Files files = forge();
    for (const char* subdir : {"/bio/linux-64/", "/bio/noarch/"}) {
        add(files, testing::sharded_subdir(
                       subdir, {{"seq", {{"seq", "1", {"lib"}}}}},
                       {{"channel_relations",
                         testing::msgpack::map({{"base", testing::msgpack::text("../forge")}})}}));
    }
    files["/my/noarch/repodata.json"].body =
        R"({"info":{"channel_relations":{"base":"../bio","more":1}},"packages":{"x-1-0.tar.bz2":{"name":"x","version":"1","build":"0","depends":["seq"]}}})";
    HttpServer server(files);
    Project project(server);
    const auto channels = project.read("my", "x");
    ASSERT_TRUE(channels) << channels.error().message;
    std::vector<std::string> order;
    for (const Channel& channel : *channels)
        order.push_back(channel.name + (channel.is_head ? "" : " (brought)"));
    EXPECT_THAT(order, ElementsAre("forge (brought)", "bio (brought)", "my"));
    EXPECT_THAT(files_of(*channels),
                UnorderedElementsAre("forge/noarch/lib-2-0.conda", "forge/linux-64/zlib-1-0.conda",
                                     "forge/noarch/zlib-0.5-0.conda", "bio/linux-64/seq-1-0.conda",
                                     "bio/noarch/seq-1-0.conda", "my/noarch/x-1-0.tar.bz2"));
    EXPECT_THAT(project.notes, ElementsAre(HasSubstr("`forge` is read as well: `bio`"),
                                           HasSubstr("`bio` is read as well: `my`")));
}

TEST(ShardedChannels, ACycleOfChannelsIsAnError) {
    Files files;
    for (const auto& [name, base] : {std::pair("a", "../b"), std::pair("b", "../a")})
        files["/" + std::string(name) + "/noarch/repodata.json"].body =
            R"({"info":{"channel_relations":{"base":")" + std::string(base) + R"("}}})";
    HttpServer server(files);
    Project project(server);
    const auto channels = project.read("a");
    ASSERT_FALSE(channels);
    EXPECT_THAT(channels.error().message, HasSubstr("before each other"));
}

TEST(ShardedChannels, AFolderThatHasShardsOnlyIsAChannel) {
    const TempDir folder;
    for (const auto& [path, reply] : forge()) folder.write(path.substr(1), reply.body);
    HttpServer server(Files{});
    Project project(server);
    project.ask = [&](ChannelReading& reading) { reading.channels = {(folder.path() / "forge").string()}; };
    const auto channels = project.read();
    ASSERT_TRUE(channels) << channels.error().message;
    EXPECT_EQ(files_of(*channels).size(), 5U);
}

}  // namespace
}  // namespace aimlock
