#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/compression.hpp"
#include "fetch/conda/channel_order.hpp"
#include "fetch/conda/kept_warnings.hpp"
#include "fetch/conda/msgpack.hpp"
#include "fetch/conda/name_closure.hpp"
#include "fetch/conda/packed_repodata.hpp"
#include "fetch/conda/shard_index.hpp"
#include "tests/unit/fetch/shard_maker.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace msgpack = testing::msgpack;

const RepodataOrigin origin{"forge", "linux-64", "https://host.example/forge/linux-64/", "the document"};

std::string with_tag(unsigned tag, std::string_view rest = {}) {
    return std::string(1, static_cast<char>(tag)).append(rest);
}

std::string json_of(std::string_view bytes) {
    MsgpackReader in(bytes);
    std::string out;
    return in.append_json(out) && in.finished() ? out : "damaged";
}

TEST(Msgpack, EveryKindOfValueAsJson) {
    using namespace std::string_literals;
    const std::pair<std::string, const char*> cases[] = {
        {"\x07"s, "7"},
        {"\xff"s, "-1"},
        {"\xc0"s, "null"},
        {"\xc2"s, "false"},
        {"\xc3"s, "true"},
        {"\xcc\xff"s, "255"},
        {"\xcd\x01\x00"s, "256"},
        {"\xce\x00\x01\x00\x00"s, "65536"},
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s, "18446744073709551615"},
        {"\xd0\x80"s, "-128"},
        {"\xd1\xff\x7f"s, "-129"},
        {"\xd2\x80\x00\x00\x00"s, "-2147483648"},
        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s, "-9223372036854775808"},
        {"\xca\x3f\x00\x00\x00"s, "0.5"},
        {"\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00"s, "0.5"},
        {"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s, "null"},
        {"\xa3"
         "a\"b"s,
         R"("a\"b")"},
        {"\xd9\x02\\\n"s, R"("\\\u000a")"},
        {"\xda\x00\x01x"s, R"("x")"},
        {"\xc4\x02\x0a\xff"s, R"("0aff")"},
        {"\xc5\x00\x01\x0a"s, R"("0a")"},
        {"\x92\x01\x90"s, "[1,[]]"},
        {"\xdc\x00\x01\x01"s, "[1]"},
        {"\x82\xa1"
         "a\x01\xa1"
         "b\x80"s,
         R"({"a":1,"b":{}})"},
        {"\xd4\x01\x00"s, "null"},
        {"\xd8\x01"
         "0123456789abcdef"s,
         "null"},
        {"\xc7\x02\x01zz"s, "null"},
    };
    for (const auto& [bytes, json] : cases) {
        EXPECT_EQ(json_of(bytes), json);
        MsgpackReader in(bytes);
        EXPECT_TRUE(in.skip() && in.finished()) << json;
        // Each cut of it is damaged.
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_EQ(json_of(std::string_view(bytes).substr(0, size)), "damaged") << json << " " << size;
            EXPECT_FALSE(MsgpackReader(std::string_view(bytes).substr(0, size)).skip())
                << json << " " << size;
        }
    }
}

TEST(Msgpack, WhatLiesIsDamagedAtOnce) {
    const std::string four_billion = "\xff\xff\xff\xff";
    for (const unsigned tag : {0xddU, 0xdfU, 0xdbU, 0xc6U, 0xc9U})
        EXPECT_EQ(json_of(with_tag(tag, four_billion)), "damaged") << tag;
    EXPECT_EQ(json_of(with_tag(0xc1)), "damaged");
    EXPECT_EQ(json_of("\x81\x01\x01"), "damaged") << "a key that is no text";
    // As deep as it may be, and one deeper.
    EXPECT_EQ(json_of(std::string(MsgpackReader::most_levels - 1, '\x91') + "\x90").substr(0, 4), "[[[[");
    EXPECT_EQ(json_of(std::string(MsgpackReader::most_levels, '\x91') + "\x90"), "damaged");
    const std::string deep = std::string(1'000'000, '\x91') + "\x90";
    EXPECT_TRUE(MsgpackReader(deep).skip()) << "what is not read may be deep";
}

Result<std::string> index(const std::string& document) {
    return pack_shard_index(compress_zstd(document), origin);
}

std::string document_of(std::string version,
                        std::string base,
                        std::vector<std::pair<std::string, std::string>> shards) {
    return msgpack::map({{"version", std::move(version)},
                         {"info", msgpack::map({{"base_url", msgpack::text("../packages")},
                                                {"shards_base_url", msgpack::text(base)}})},
                         {"more", msgpack::array({msgpack::number(1)})},
                         {"shards", msgpack::map(shards)}});
}

TEST(ShardIndex, NamesAreFoundWithTheirShards) {
    const std::string digest = testing::raw_digest("x");
    const auto packed = index(document_of(msgpack::number(1), "./s/",
                                          {{"zlib", msgpack::bytes(digest)},
                                           {"_a", msgpack::bytes(testing::raw_digest("y"))},
                                           {"numpy", msgpack::text(sha256_of("z").hex())}}));
    ASSERT_TRUE(packed) << packed.error().message;
    const auto opened = open_shard_index(*packed, nullptr);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->size(), 3U);
    EXPECT_EQ(opened->base_url, "https://host.example/forge/packages/");
    ASSERT_NE(opened->find("zlib"), nullptr);
    EXPECT_EQ(opened->shard_url(*opened->find("zlib")),
              "https://host.example/forge/linux-64/s/" + sha256_of("x").hex() + ".msgpack.zst");
    EXPECT_EQ(*opened->find("numpy"), sha256_of("z"));
    for (const char* absent : {"", "numpyx", "a", "zzz"}) EXPECT_EQ(opened->find(absent), nullptr) << absent;
}

TEST(ShardIndex, OpensWhateverThePackedFormHolds) {
    const auto packed =
        index(document_of(msgpack::number(1), "s/", {{"a", msgpack::bytes(testing::raw_digest("x"))}}));
    ASSERT_TRUE(packed);
    for (std::size_t size = 0; size < packed->size(); ++size)
        EXPECT_FALSE(open_shard_index(std::string_view(*packed).substr(0, size), nullptr)) << size;
}

struct BadIndex {
    const char* name;
    std::string document;
    const char* says;
    friend void PrintTo(const BadIndex& bad, std::ostream* out) { *out << bad.name; }
};

class BadIndexes : public ::testing::TestWithParam<BadIndex> {};

TEST_P(BadIndexes, AreErrorsThatNameTheDocument) {
    const auto packed = pack_shard_index(GetParam().document, origin);
    ASSERT_FALSE(packed);
    EXPECT_THAT(packed.error().message, HasSubstr("the document"));
    EXPECT_THAT(packed.error().message, HasSubstr(GetParam().says));
    const bool is_bomb = std::string_view(GetParam().name) == "Bomb";
    EXPECT_EQ(packed.error().code, is_bomb ? ErrorCode::integrity : ErrorCode::repodata);
}

std::vector<BadIndex> bad_indexes() {
    const std::string digest = msgpack::bytes(testing::raw_digest("x"));
    const std::string good = document_of(msgpack::number(1), "./s/", {{"a", digest}});
    const std::string whole = compress_zstd(good);
    return {
        {"Empty", "", "zstd"},
        {"WebPage", "  <html>please log in", "web page"},
        {"Torn", whole.substr(0, whole.size() - 5), "zstd"},
        {"TornInside", compress_zstd(good.substr(0, good.size() - 5)), "damaged"},
        {"More", compress_zstd(good + "\xc0"), "damaged"},
        {"OtherVersion", compress_zstd(document_of(msgpack::number(2), "./s/", {})), "version 2"},
        {"NoVersion", compress_zstd(msgpack::map({{"shards", msgpack::map({})}})), "version (none)"},
        {"ShortDigest", compress_zstd(document_of(msgpack::number(1), "./s/", {{"a", msgpack::bytes("x")}})),
         "damaged"},
        {"NoDigest", compress_zstd(document_of(msgpack::number(1), "./s/", {{"a", msgpack::number(1)}})),
         "damaged"},
        {"Twice", compress_zstd(document_of(msgpack::number(1), "./s/", {{"a", digest}, {"a", digest}})),
         "`a` stands in it twice"},
        {"Files", compress_zstd(document_of(msgpack::number(1), "file:///etc/", {})),
         "where a server may not"},
        {"Bomb", compress_zstd(std::string(std::size_t{300} << 20U, '\0')), "grows beyond"},
        {"Json", compress_zstd(R"({"version":1})"), "not a shard index"},
    };
}

INSTANTIATE_TEST_SUITE_P(Table, BadIndexes, ::testing::ValuesIn(bad_indexes()), [](const auto& test) {
    return std::string(test.param.name);
});

Result<Repodata> shard(const std::string& bytes, std::string_view name, KeptWarnings& log) {
    auto packed = pack_shard(bytes, sha256_of(bytes), name, origin);
    if (!packed) return tl::make_unexpected(packed.error());
    const auto held = std::make_shared<std::string>(*std::move(packed));
    auto opened = open_packed_repodata(*held, held, origin, log);
    EXPECT_TRUE(opened);
    return *std::move(opened);
}

TEST(Shard, HasTheRecordsOfItsNameAsRepodataWould) {
    using msgpack::array;
    using msgpack::map;
    using msgpack::number;
    using msgpack::text;
    const std::string record = map({{"name", text("a")},
                                    {"version", text("1.0")},
                                    {"build", text("h_1")},
                                    {"build_number", number(1)},
                                    {"depends", array({text("b >=1")})},
                                    {"sha256", msgpack::bytes(testing::raw_digest("a"))},
                                    {"md5", msgpack::bytes("0123456789abcdef")},
                                    {"run_exports", map({{"weak", array({text("a >=1")})}})},
                                    {"timestamp", number(1700000000000)},
                                    {"indexed_timestamp", number(1800000000000)},
                                    {"size", number(5)}});
    const std::string bytes =
        compress_zstd(map({{"packages", map({{"a-1.0-h_1.tar.bz2", record}, {"a-1.0-h_0.tar.bz2", record}})},
                           {"removed", array({text("a-1.0-h_0.tar.bz2")})},
                           {"v3", map({{"conda", map({{"a-1.0-h_1", record}})}})}}));
    KeptWarnings log;
    const auto records = shard(bytes, "a", log);
    ASSERT_TRUE(records) << records.error().message;
    ASSERT_EQ(records->records.size(), 2U);
    const CondaRecord& first = records->records[0];
    EXPECT_EQ(records->text(first.file_name), "a-1.0-h_1.tar.bz2");
    EXPECT_EQ(records->text(records->records[1].file_name), "a-1.0-h_1.conda");
    EXPECT_EQ(first.sha256, sha256_of("a"));
    EXPECT_EQ(first.md5.hex(), "30313233343536373839616263646566");
    EXPECT_EQ(first.timestamp_ms, 1800000000000U) << "the server's time is preferred";
    EXPECT_EQ(records->text(records->list(first.depends)[0]), "b >=1");
    EXPECT_EQ(records->text(first.run_exports), R"({"weak":["a >=1"]})");
    EXPECT_THAT(log.said, IsEmpty());
}

TEST(Shard, WheelsAreCountedAndLeftOut) {
    using msgpack::map;
    using msgpack::text;
    const std::string record = map({{"name", text("a")},
                                    {"version", text("1")},
                                    {"url", text("https://files.example/a-1-py3-none-any.whl")}});
    const std::string bytes = compress_zstd(
        map({{"packages.whl", map({{"a-1-py3_none_any_0.whl", record}})},
             {"v3", map({{"whl", map({{"a-1-py3_none_any_0", record}, {"a-1-py3_none_any_1", record}})}})}}));
    KeptWarnings log;
    const auto records = shard(bytes, "a", log);
    ASSERT_TRUE(records) << records.error().message;
    EXPECT_EQ(records->records.size(), 0U);
    EXPECT_EQ(records->wheels_left_out, 3U);
}

TEST(Shard, ItsPackedFormMayHoldAnything) {
    const std::string bytes = testing::shard_of({{"a", "1", {"b", "c"}}, {"a", "2", {"b"}}});
    const auto packed = pack_shard(bytes, sha256_of(bytes), "a", origin);
    ASSERT_TRUE(packed);
    for (std::size_t at = 0; at + 4 <= packed->size(); at += 4) {
        alignas(8) char foreign[4096];
        ASSERT_LE(packed->size(), sizeof foreign);
        std::ranges::copy(*packed, foreign);
        std::ranges::fill(foreign + at, foreign + at + 4, static_cast<char>(0x7f));
        KeptWarnings log;
        const auto records = open_packed_repodata({foreign, packed->size()}, nullptr, origin, log);
        if (!records) continue;
        std::size_t read = 0;
        for (const NameRun& run : records->names) read += records->text(run.name).size();
        for (const CondaRecord& record : records->records_named("a")) {
            for (const TextId text : records->list(record.depends)) read += records->text(text).size();
        }
        EXPECT_LT(read, packed->size() * 4) << at;
    }
}

TEST(Shard, RecordsOfOtherNamesAreLeftOutWithAWarning) {
    KeptWarnings log;
    const auto records = shard(testing::shard_of({{"a", "1"}, {"python", "3.12"}}), "a", log);
    ASSERT_TRUE(records);
    EXPECT_EQ(records->records_named("a").size(), 1U);
    EXPECT_EQ(records->records_named("python").size(), 0U);
    ASSERT_EQ(log.said.size(), 1U);
    EXPECT_THAT(log.said[0], HasSubstr("1 of 2 records"));
}

TEST(Shard, AnotherDigestAndDamageAreErrors) {
    const std::string good = testing::shard_of({{"a", "1"}});
    const auto other = pack_shard(good, sha256_of("another"), "a", origin);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::integrity);
    EXPECT_THAT(other.error().message, HasSubstr(sha256_of(good).hex()));
    for (const std::string& text :
         {msgpack::text("x"), with_tag(0x81), msgpack::map({{"packages", msgpack::number(1)}}),
          msgpack::map({{"packages", msgpack::map({{"a.conda", msgpack::text("\xff\xfe")}})}})}) {
        const std::string bytes = compress_zstd(text);
        const auto damaged = pack_shard(bytes, sha256_of(bytes), "a", origin);
        ASSERT_FALSE(damaged);
        EXPECT_EQ(damaged.error().code, ErrorCode::repodata) << damaged.error().message;
    }
}

MatchSpec spec(std::string_view text) {
    return *MatchSpec::parse(text);
}

Repodata document(const std::string& json) {
    KeptWarnings log;
    auto parsed = parse_repodata(json, ".json", origin, log);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return *std::move(parsed);
}

std::string record(const std::string& name, const std::string& depends, const std::string& more = "") {
    return "\"" + name + "-1-0.conda\":{\"name\":\"" + name +
           "\",\"version\":\"1\",\"build\":\"0\",\"depends\":[" + depends + "]" + more + "}";
}

TEST(NameClosure, FollowsDependenciesAndTheExtrasThatAreAskedFor) {
    const Repodata all = document(
        R"({"packages.conda":{)" +
        record("a", R"("B >=1","__glibc >=2","forge::c[extras=[gui]]","*")", R"(,"constrains":["never"])") +
        "," + record("c", R"("d; if win")", R"(,"extra_depends":{"gui":["qt"],"cli":["rich"]})") + "," +
        record("qt", R"("c[extras=[cli]]")") + "}}");
    NameClosure names(nullptr);
    names.want(spec("a"));
    for (auto asked = names.new_names(); !asked.empty(); asked = names.new_names()) {
        for (const std::string& name : asked) names.take(name, all);
    }
    EXPECT_THAT(names.names(), ElementsAre("a", "b", "c", "d", "qt", "rich"));
    EXPECT_TRUE(names.found("qt"));
    EXPECT_FALSE(names.found("b"));
}

TEST(NameClosure, LooksAtTheWrapperOfADistributionWithoutFollowingIt) {
    const auto map = NameMap::parse(R"({"core":["app","core"],"app":["app"]})", "map");
    ASSERT_TRUE(map);
    const Repodata all = document(R"({"packages.conda":{)" + record("core", "") + "," +
                                  record("app", R"("core","heavy")") + "}}");
    NameClosure names(&*map);
    names.want(spec("core"));
    for (const std::string& name : names.new_names()) names.take(name, all);
    EXPECT_THAT(names.names(), ElementsAre("app", "core"));
    names.want(spec("app"));
    EXPECT_THAT(names.names(), ElementsAre("app", "core", "heavy"));
}

struct OrderCase {
    const char* name;
    std::vector<std::string> heads;
    std::map<std::string, ChannelRelations> say;  ///< in the order of their names
    const char* order;                            ///< or what the error says
    friend void PrintTo(const OrderCase& c, std::ostream* out) { *out << c.name; }
};

std::string order_of(const OrderCase& test) {
    const std::string root = "https://h.example/";
    ChannelOrder order;
    std::vector<std::size_t> open;
    for (const std::string& head : test.heads) open.push_back(order.add_head(root + head));
    for (std::size_t next = 0; next < open.size(); ++next) {
        const auto says = test.say.find(order.url(open[next]).substr(root.size()));
        if (says == test.say.end()) continue;
        const auto brought = order.relate(open[next], says->second);
        if (!brought) return brought.error().message;
        open.insert(open.end(), brought->begin(), brought->end());
    }
    const auto sorted = order.sorted();
    if (!sorted) return sorted.error().message;
    std::string text;
    for (const std::size_t channel : *sorted)
        text += (text.empty() ? "" : " ") + order.url(channel).substr(root.size());
    return text;
}

class ChannelOrders : public ::testing::TestWithParam<OrderCase> {};

TEST_P(ChannelOrders, AreWhatChannelsSayBelowWhatTheRequestSays) {
    EXPECT_THAT(order_of(GetParam()), HasSubstr(GetParam().order));
}

std::map<std::string, ChannelRelations> chain(std::size_t length) {
    std::map<std::string, ChannelRelations> say;
    for (std::size_t i = 0; i < length; ++i)
        say["c" + std::to_string(i)] = {"../c" + std::to_string(i + 1), ""};
    return say;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ChannelOrders,
    ::testing::Values(
        OrderCase{"Nothing", {"b", "a"}, {}, "b a"},
        OrderCase{"Base", {"bio"}, {{"bio", {"../forge", ""}}}, "forge bio"},
        OrderCase{"Label", {"forge/label/rc"}, {{"forge/label/rc", {"", "../.."}}}, "forge/label/rc forge"},
        OrderCase{"Chain", {"my"}, {{"my", {"../bio", ""}}, {"bio", {"../forge", ""}}}, "forge bio my"},
        OrderCase{"Both", {"my"}, {{"my", {"../forge", "../fixes"}}}, "forge my fixes"},
        OrderCase{"Agrees", {"forge", "bio"}, {{"bio", {"../forge", ""}}}, "forge bio"},
        OrderCase{"TheRequestWins", {"bio", "forge"}, {{"bio", {"../forge", ""}}}, "bio forge"},
        OrderCase{"NextToWhoBroughtIt", {"a", "b"}, {{"a", {"", "../x"}}, {"b", {"../y", ""}}}, "a x y b"},
        OrderCase{"SharedBase", {"a", "b"}, {{"a", {"../f", ""}}, {"b", {"../f", ""}}}, "f a b"},
        OrderCase{"Cycle",
                  {"a"},
                  {{"a", {"../b", ""}}, {"b", {"../a", ""}}},
                  "before each other: https://h.example/a, https://h.example/b"},
        OrderCase{"CycleThroughAnother",
                  {"a", "b"},
                  {{"a", {"../x", ""}}, {"x", {"../b", ""}}},
                  "before each other"},
        OrderCase{"Itself", {"a"}, {{"a", {"../a", ""}}}, "a"},
        OrderCase{"BaseAndOverridden", {"a"}, {{"a", {"../b", "../b"}}}, "before it and after it"},
        OrderCase{"NotRelative", {"a"}, {{"a", {"https://evil.example/x", ""}}}, "does not begin with `../`"},
        OrderCase{"TenDeep", {"c0"}, chain(10), "c10 c9 c8"},
        OrderCase{"TooDeep", {"c0"}, chain(11), "10 deep"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace aimlock
