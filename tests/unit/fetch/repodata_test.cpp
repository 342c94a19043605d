#include "fetch/conda/repodata.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/compression.hpp"
#include "fetch/conda/repodata_cutter.hpp"
#include "tests/support/shared.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

const RepodataOrigin origin{"forge", "linux-64", "https://host.example/forge/linux-64/", "repodata.json"};

class Recorder final : public Log {
public:
    void write(LogLevel level, std::string_view message) override {
        if (level == LogLevel::warning) warnings.emplace_back(message);
    }
    std::vector<std::string> warnings;
};

Result<Repodata> parse(std::string_view text) {
    SilentLog log;
    return parse_repodata(text, ".json", origin, log);
}

std::string record(std::string_view more) {
    return R"({"packages.conda":{"a-1-0.conda":{"name":"a","version":"1","build":"0","build_number":0,"depends":[])" +
           std::string(more) + "}}}";
}

TEST(Repodata, ReadsEveryFieldOfARecord) {
    const auto repodata = parse(R"({
      "info": {"subdir": "linux-64"},
      "packages": {},
      "packages.conda": {
        "numpy-1.26.4-py312_0.conda": {
          "name": "numpy", "version": "1.26.4", "build": "py312_0", "build_number": 7, "subdir": "linux-64",
          "depends": ["python >=3.12,<3.13.0a0", "libblas \"x\" {[}]"], "constrains": ["numpy-base <0a0"],
          "purls": ["pkg:pypi/numpy"], "license": "BSD-3-Clause", "noarch": "python", "size": 123456,
          "track_features": ["one", "two"], "timestamp": 1700000000123, "python_site_packages_path": "lib/python3.12/site-packages",
          "md5": "0123456789abcdef0123456789abcdef",
          "sha256": "00000000000000000000000000000000000000000000000000000000000000ff"}},
      "repodata_version": 1})");
    ASSERT_TRUE(repodata) << repodata.error().message;
    ASSERT_EQ(repodata->records.size(), 1U);
    const CondaRecord& r = repodata->records[0];
    EXPECT_EQ(repodata->text(r.file_name), "numpy-1.26.4-py312_0.conda");
    EXPECT_EQ(repodata->text(r.name), "numpy");
    EXPECT_EQ(repodata->text(r.build), "py312_0");
    EXPECT_EQ(r.build_number, 7U);
    EXPECT_EQ(repodata->text(repodata->list(r.depends)[1]), "libblas \"x\" {[}]");
    EXPECT_EQ(repodata->text(repodata->list(r.constrains)[0]), "numpy-base <0a0");
    EXPECT_EQ(repodata->text(repodata->list(r.purls)[0]), "pkg:pypi/numpy");
    EXPECT_EQ(repodata->text(r.track_features), "one two");
    EXPECT_EQ(r.noarch, Noarch::python);
    EXPECT_EQ(r.timestamp_ms, 1700000000123U);
    EXPECT_EQ(r.sha256.bytes[31], 0xff);
    EXPECT_EQ(repodata->base_url, origin.subdir_url);
}

TEST(Repodata, NormalisesSecondsAndOddForms) {
    const auto repodata = parse(record(
        R"(,"timestamp":1500000000,"track_features":"a, b","noarch":true,"license":null,"purls":null,"build_number":0)"));
    ASSERT_TRUE(repodata) << repodata.error().message;
    EXPECT_EQ(repodata->records[0].timestamp_ms, 1500000000000U);
    EXPECT_EQ(repodata->text(repodata->records[0].track_features), "a b");
    EXPECT_EQ(repodata->records[0].noarch, Noarch::generic);
}

TEST(Repodata, BaseUrlIsRelativeOrAbsolute) {
    EXPECT_EQ(parse(R"({"info":{"base_url":"../packages"},"packages":{}})")->base_url,
              "https://host.example/forge/packages/");
    EXPECT_EQ(parse(R"({"info":{"base_url":"https://u:p@cdn.example/x/"},"packages":{}})")->base_url,
              "https://cdn.example/x/");
}

TEST(Repodata, AServersBaseUrlMayNotNameOurFiles) {
    const auto repodata = parse(R"({"info":{"base_url":"file:///etc/"},"packages":{}})");
    ASSERT_FALSE(repodata);
    EXPECT_EQ(repodata.error().code, ErrorCode::repodata);
}

TEST(Repodata, RemovedRecordsAreGoneWhereverTheListStands) {
    const auto repodata = parse(
        R"({"packages":{"a-1-0.tar.bz2":{"name":"a","version":"1","build":"0"},"b-1-0.tar.bz2":{"name":"b","version":"1","build":"0"}},
                                    "removed":["a-1-0.tar.bz2"]})");
    ASSERT_TRUE(repodata);
    ASSERT_EQ(repodata->records.size(), 1U);
    EXPECT_EQ(repodata->text(repodata->records[0].name), "b");
}

struct Hostile {
    const char* name;
    const char* json;
    friend void PrintTo(const Hostile& c, std::ostream* out) { *out << c.name; }
};
class HostileRecords : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileRecords, AreLeftOutWithAWarning) {
    Recorder log;
    const auto repodata = parse_repodata(GetParam().json, ".json", origin, log);
    ASSERT_TRUE(repodata) << repodata.error().message;
    EXPECT_TRUE(repodata->records.empty());
    ASSERT_EQ(log.warnings.size(), 1U);
    EXPECT_THAT(log.warnings[0], HasSubstr("repodata.json: 1 of 1 records"));
}

INSTANTIATE_TEST_SUITE_P(
    Threats,
    HostileRecords,
    ::testing::Values(
        Hostile{"build", R"({"packages":{"x-1-0.tar.bz2":{"name":"x","version":"1","build":"../../x"}}})"},
        Hostile{"name", R"({"packages":{"x-1-0.tar.bz2":{"name":"../x","version":"1","build":"0"}}})"},
        Hostile{"version", R"({"packages":{"x-1-0.tar.bz2":{"name":"x","version":"1/..","build":"0"}}})"},
        Hostile{"file", R"({"packages":{"../x-1-0.tar.bz2":{"name":"x","version":"1","build":"0"}}})"},
        Hostile{"file_end", R"({"packages":{"x-1-0.exe":{"name":"x","version":"1","build":"0"}}})"},
        Hostile{
            "subdir",
            R"({"packages":{"x-1-0.tar.bz2":{"name":"x","version":"1","build":"0","subdir":"../noarch"}}})"},
        Hostile{
            "control",
            R"({"packages":{"x-1-0.tar.bz2":{"name":"x","version":"1","build":"0","depends":["a\n[[package]]"]}}})"},
        Hostile{"no_name", R"({"packages":{"x-1-0.tar.bz2":{"version":"1","build":"0"}}})"},
        Hostile{"sha256",
                R"({"packages":{"x-1-0.tar.bz2":{"name":"x","version":"1","build":"0","sha256":"abc"}}})"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Repodata, RecordsOfANameLieTogetherAndEqualListsLieOnce) {
    const auto repodata = parse(R"({
      "packages": {
        "b-1-0.tar.bz2": {"name": "b", "version": "1", "build": "0", "depends": ["x", "y"]},
        "a-2-0.tar.bz2": {"name": "a", "version": "2", "build": "0", "depends": ["x"], "constrains": ["x", "y"]}},
      "packages.conda": {
        "b-2-0.conda": {"name": "b", "version": "2", "build": "0", "depends": ["x", "y"]},
        "b-1-0.conda": {"name": "b", "version": "1", "build": "0", "depends": []}}})");
    ASSERT_TRUE(repodata) << repodata.error().message;
    const auto files_of = [&](std::string_view name) {
        std::vector<std::string_view> files;
        for (const CondaRecord& one : repodata->records_named(name))
            files.push_back(repodata->text(one.file_name));
        return files;
    };
    EXPECT_THAT(files_of("b"), ElementsAre("b-1-0.tar.bz2", "b-2-0.conda", "b-1-0.conda"));
    EXPECT_THAT(files_of("a"), ElementsAre("a-2-0.tar.bz2"));
    EXPECT_THAT(files_of("x"), ElementsAre());  // a text, but not of a name
    EXPECT_THAT(files_of("c"), ElementsAre());
    const auto b = repodata->records_named("b");
    EXPECT_EQ(b[0].depends.begin, b[1].depends.begin);
    EXPECT_EQ(b[0].depends.begin, repodata->records_named("a")[0].constrains.begin);
    EXPECT_EQ(repodata->lists.size(), 3U);
}

TEST(Repodata, DamageIsAnErrorThatNamesTheDocument) {
    for (const char* text : {"", "[]", "<html>", R"({"packages":{"a-1-0.conda":{"name":"a")",
                             R"({"packages":{"a":nonsense}})", R"({"packages":{}} x{})"}) {
        const auto repodata = parse(text);
        ASSERT_FALSE(repodata) << text;
        EXPECT_EQ(repodata.error().code, ErrorCode::repodata);
        EXPECT_THAT(repodata.error().message, HasSubstr("repodata.json: "));
    }
}

TEST(Repodata, ReadsTheThirdRevisionWithItsExtrasAndFlags) {
    const auto repodata = parse(
        R"({"packages.conda":{"old-1-0.conda":{"name":"old","version":"1","build":"0"}},
            "v3":{"conda":{"new-2-0":{"name":"new","version":"2","build":"0","timestamp":1700000000000,
                                      "indexed_timestamp":1800000000000,"flags":["cuda","blas:mkl"],
                                      "extra_depends":{"web":["flask","jinja2[version=\">=3\"]"]}}},
                  "pkg9":{"far-1-0":{"name":"far","version":"1","build":"0"}}}})");
    ASSERT_TRUE(repodata) << repodata.error().message;
    ASSERT_EQ(repodata->records.size(), 2U);  // an ending that nobody knows is left alone
    const CondaRecord& record = repodata->records[1];
    EXPECT_EQ(repodata->text(record.file_name), "new-2-0.conda");
    EXPECT_EQ(record.timestamp_ms, 1800000000000U);
    EXPECT_EQ(repodata->text(record.flags), "cuda blas:mkl");
    std::vector<std::string> extras;
    for (const TextId id : repodata->list(record.extra_depends)) extras.emplace_back(repodata->text(id));
    EXPECT_THAT(extras, ElementsAre("web", "flask", "web", "jinja2[version=\">=3\"]"));
}

TEST(RepodataCutter, GivesTheSameRecordsWhateverThePiecesAndChunks) {
    const std::string text =
        R"({"info":{"a":"}}"},"packages":{"x":{"n":"\"},\"","m":{"q":[1]}},"y":{"n":"\\"},"z":{}},"v3":{"b":1},"removed":["r"]})";
    for (const std::size_t chunk : {1U, 20U, 1000U}) {
        for (std::size_t piece = 1; piece <= text.size(); ++piece) {
            std::string all;
            RepodataCutter cutter(
                [&](std::string_view key, std::string value) -> Result<void> {
                    if (key == "packages") {
                        EXPECT_EQ(value.front(), '{');
                        EXPECT_EQ(value.back(), '}');
                        value = value.substr(1, value.size() - 2);
                        if (!all.empty() && all.back() != ':') value.insert(0, value.empty() ? "" : ",");
                    }
                    if (all.find(key) == std::string::npos) all += "|" + std::string(key) + ":";
                    if (key == "packages" && value.starts_with(',') && all.back() == ':') value.erase(0, 1);
                    all += value;
                    return {};
                },
                chunk);
            for (std::size_t at = 0; at < text.size(); at += piece)
                ASSERT_TRUE(cutter.feed(std::string_view(text).substr(at, piece)));
            ASSERT_TRUE(cutter.finish());
            ASSERT_EQ(
                all,
                R"(|info:{"a":"}}"}|packages:"x":{"n":"\"},\"","m":{"q":[1]}},"y":{"n":"\\"},"z":{}|v3:{"b":1}|removed:["r"])")
                << chunk << " " << piece;
        }
    }
}

TEST(ReadChannels, ReadsZstAndPlainFromFolders) {
    const TempDir folder;
    const std::string noarch = R"({"packages":{"n-1-0.tar.bz2":{"name":"n","version":"1","build":"0"}}})";
    folder.write("one/noarch/repodata.json", noarch);
    folder.write("one/linux-64/repodata.json.zst", compress_zstd(record("")));
    folder.write("two/noarch/repodata.json", noarch);
    SilentLog log;
    FetchOptions options;
    options.cache_dir = folder.path() / "cache";
    FetchSession session(options, log);
    const auto channels = read_channels(
        session,
        {{"one", (folder.path() / "two").string()}, {"linux-64"}, "https://x.example", folder.path()}, log);
    ASSERT_TRUE(channels) << channels.error().message;
    ASSERT_EQ(channels->size(), 2U);
    EXPECT_EQ((*channels)[0].name, "one");
    ASSERT_EQ((*channels)[0].subdirs.size(), 2U);
    EXPECT_EQ((*channels)[0].subdirs[0].subdir, "linux-64");
    EXPECT_EQ((*channels)[1].subdirs.size(), 1U);
}

TEST(ReadChannels, AChannelWithoutAnySubdirNamesBoth) {
    const TempDir folder;
    folder.write("empty/readme", "");
    SilentLog log;
    FetchOptions options;
    options.cache_dir = folder.path() / "cache";
    FetchSession session(options, log);
    const auto channels =
        read_channels(session, {{"empty"}, {"linux-64"}, "https://x.example", folder.path()}, log);
    ASSERT_FALSE(channels);
    EXPECT_EQ(channels.error().code, ErrorCode::not_found);
    EXPECT_THAT(channels.error().message, HasSubstr("linux-64/repodata.json nor noarch/repodata.json"));
}

TEST(ReadChannels, ReadsTheRealCondaForge) {
    AIMLOCK_NEEDS_SHARED(shared, "channels/conda-forge");
    const TempDir folder;
    Recorder log;
    FetchOptions options;
    options.cache_dir = folder.path() / "cache";
    FetchSession session(options, log);
    const auto channels =
        read_channels(session, {{shared.string()}, {"linux-64"}, "https://x.example", {}}, log);
    ASSERT_TRUE(channels) << channels.error().message;
    std::size_t counts[2] = {(*channels)[0].subdirs[0].records.size(),
                             (*channels)[0].subdirs[1].records.size()};
    EXPECT_GT(counts[0], 1000U);
    EXPECT_GT(counts[1], 1000U);
    EXPECT_TRUE(log.warnings.empty()) << log.warnings[0];
    RecordProperty("linux-64", static_cast<int>(counts[0]));
    RecordProperty("noarch", static_cast<int>(counts[1]));
    std::size_t packages = 0;  // counted another way: keys of records in the text
    const std::string text = testing::read_shared(shared / "linux-64/repodata.json.zst");
    for (std::size_t at = 0; (at = text.find("\"build_number\"", at)) != std::string::npos; ++at) ++packages;
    EXPECT_EQ(counts[0], packages);
}

}  // namespace
}  // namespace aimlock
