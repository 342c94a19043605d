#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "fetch/compression.hpp"
#include "fetch/conda/packed_repodata.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "fetch/pypi/simple_page.hpp"
#include "tests/support/shared.hpp"

namespace aimlock {
namespace {

namespace dom = simdjson::dom;

bool keeps_cp312(std::string_view file) {
    return file.ends_with("-none-any.whl") ||
           (file.find("-cp312-") != std::string_view::npos && file.ends_with("x86_64.whl"));
}

std::string text_of(const dom::object& object, std::string_view key) {
    std::string_view text;
    return object[key].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

Sha256 sha256_of_field(const dom::element& hashes) {
    std::string_view hex;
    if (hashes["sha256"].get_string().get(hex) != simdjson::SUCCESS) return {};
    return Sha256::from_hex(hex).value_or(Sha256{});
}

/// A page read the plain way, file by file with the filter first: what packing must not change. It knows the
/// captured index's own spelling only.
ProjectPage read_plainly(const simdjson::padded_string& text, const PageFilter& filter) {
    dom::parser parser;
    const dom::element document = parser.parse(text);
    ProjectPage page;
    page.exists = true;
    std::map<std::string, UnusableReason> reasons;
    std::map<std::string, bool> kept;
    for (const dom::object file : document["files"].get_array()) {
        const std::string name = text_of(file, "filename");
        const std::string version(version_in_file_name(name));
        if (version.empty()) continue;
        const auto note = [&](UnusableReason reason, int order) {
            static const auto order_of = [](UnusableReason r) {
                return r == UnusableReason::sdist_only ? 0 : r == UnusableReason::no_matching_wheel ? 1 : 2;
            };
            const auto [entry, is_new] = reasons.try_emplace(version, reason);
            if (!is_new && order_of(entry->second) < order) entry->second = reason;
        };
        if (!name.ends_with(".whl")) {
            note(UnusableReason::sdist_only, 0);
            continue;
        }
        if (!filter.keep(name)) {
            note(UnusableReason::no_matching_wheel, 1);
            continue;
        }
        WheelFile wheel;
        wheel.upload_time_ms = parse_upload_time(text_of(file, "upload-time")).value_or(0);
        if (filter.exclude_newer_ms &&
            (wheel.upload_time_ms == 0 || wheel.upload_time_ms >= *filter.exclude_newer_ms)) {
            note(UnusableReason::after_cutoff, 2);
            continue;
        }
        kept[version] = true;
        wheel.file_name = name;
        wheel.url = text_of(file, "url");  // relative, all of them
        wheel.url.replace(0, std::string_view("../../").size(), "https://index.example/");
        wheel.requires_python = text_of(file, "requires-python");
        wheel.yanked_reason = text_of(file, "yanked");
        bool flag = false;
        wheel.yanked = !wheel.yanked_reason.empty() ||
                       (file["yanked"].get_bool().get(flag) == simdjson::SUCCESS && flag);
        dom::element value;
        if (file["hashes"].get(value) == simdjson::SUCCESS) wheel.sha256 = sha256_of_field(value);
        if (file["core-metadata"].get(value) == simdjson::SUCCESS) {
            wheel.has_core_metadata = value.is_object() || (value.is_bool() && value.get_bool());
            if (value.is_object()) wheel.core_metadata_sha256 = sha256_of_field(value);
        }
        std::uint64_t size = 0;
        if (file["size"].get_uint64().get(size) == simdjson::SUCCESS) wheel.size_bytes = size;
        page.wheels.push_back(std::move(wheel));
    }
    for (const auto& [version, reason] : reasons) {
        if (!kept.contains(version)) page.unusable.emplace_back(version, reason);
    }
    return page;
}

bool same(const WheelFile& a, const WheelFile& b) {
    return a.file_name == b.file_name && a.url == b.url && a.sha256 == b.sha256 &&
           a.size_bytes == b.size_bytes && a.requires_python == b.requires_python &&
           a.upload_time_ms == b.upload_time_ms && a.yanked == b.yanked &&
           a.yanked_reason == b.yanked_reason && a.has_core_metadata == b.has_core_metadata &&
           a.core_metadata_sha256 == b.core_metadata_sha256;
}

TEST(PackedPage, SaysWhatEachCapturedPageSays) {
    AIMLOCK_NEEDS_SHARED(snapshot, "pypi/pypi-snapshot.tar.zst");
    const std::string tar = testing::read_shared(snapshot);
    const PageFilter filter{&keeps_cp312, 1'700'000'000'000};
    std::size_t pages = 0;
    std::size_t wheels = 0;
    std::size_t packed_bytes = 0;
    std::size_t page_bytes = 0;
    testing::for_each_file(tar, [&](std::string_view path, std::string_view content) {
        if (!path.ends_with("/index.json")) return;
        const std::string name(path);
        const simdjson::padded_string padded(content);
        const auto packed = pack_simple_page(std::string_view(padded), "https://index.example/simple/x/");
        ASSERT_TRUE(packed) << name << packed.error().message;
        const auto page = unpack_page(*packed, {"x", "https://index.example/simple", {}}, filter);
        ASSERT_TRUE(page) << name;
        const ProjectPage plain = read_plainly(padded, filter);
        ASSERT_EQ(page->wheels.size(), plain.wheels.size()) << name;
        for (std::size_t i = 0; i < plain.wheels.size(); ++i)
            ASSERT_TRUE(same(page->wheels[i], plain.wheels[i])) << name << plain.wheels[i].file_name;
        ASSERT_EQ(page->unusable, plain.unusable) << name;
        ++pages;
        wheels += plain.wheels.size();
        packed_bytes += packed->size();
        page_bytes += content.size();
    });
    EXPECT_EQ(pages, 705U);
    EXPECT_GT(wheels, 5'000U);
    std::cout << pages << " pages, " << page_bytes << " bytes, packed " << packed_bytes << "\n";
}

TEST(PackedPage, DamageNeverCrashes) {
    std::string text =
        R"({"meta":{"api-version":"1.3"},"files":[
        {"filename":"demo-1.0-py3-none-any.whl","hashes":{},"requires-python":">=3.8","url":"https://c.example/p/a/demo-1.0-py3-none-any.whl","yanked":"no"},
        {"filename":"demo-1.0-cp312-cp312-win_amd64.whl","hashes":{},"url":"https://c.example/p/b/other.whl"},
        {"filename":"odd.whl","hashes":{},"url":"https://c.example/p/odd.whl"},
        {"filename":"demo-0.9.tar.gz","hashes":{},"url":"https://c.example/p/b/demo-0.9.tar.gz"}]})";
    text.reserve(text.size() + text_padding);
    const std::string packed = *pack_simple_page(text, "https://index.example/simple/demo/");
    const auto whole = unpack_page(packed, {"demo", "i", {}}, {});
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->wheels[1].url, "https://c.example/p/b/other.whl");
    EXPECT_EQ(whole->wheels[1].file_name, "demo-1.0-cp312-cp312-win_amd64.whl");
    const auto sources = unpack_page(packed, {"demo", "i", {}}, {{}, {}, false, true});
    ASSERT_TRUE(sources);
    ASSERT_EQ(sources->wheels.size(), 1U);
    EXPECT_EQ(sources->wheels[0].url, "https://c.example/p/b/demo-0.9.tar.gz");
    EXPECT_EQ(sources->wheels[0].kind, ArtifactKind::sdist);
    std::size_t refused = 0;
    for (std::size_t at = 0; at < packed.size(); ++at) {
        EXPECT_FALSE(unpack_page(packed.substr(0, at), {"demo", "i", {}}, {})) << at;
        for (const int value : {0, 1, 0x7f, 0xff}) {
            std::string damaged = packed;
            damaged[at] = static_cast<char>(value);
            refused += unpack_page(damaged, {"demo", "i", {}}, {&keeps_cp312, 5, true, true}) ? 0U : 1U;
        }
    }
    EXPECT_GT(refused, 100U);
}

TEST(PackedMetadata, RoundTripsAndRefusesDamage) {
    CoreMetadata metadata;
    metadata.name = "demo";
    metadata.version = "1.0";
    metadata.requires_dist = {"numpy >=1", "", "torch; extra == 'gpu'"};
    metadata.requires_python = ">=3.9";
    metadata.provides_extra = {"gpu"};
    metadata.license = "MIT";
    const std::string packed = pack_core_metadata(metadata);
    const auto read = unpack_core_metadata(packed);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, metadata.name);
    EXPECT_EQ(read->version, metadata.version);
    EXPECT_EQ(read->requires_dist, metadata.requires_dist);
    EXPECT_EQ(read->requires_python, metadata.requires_python);
    EXPECT_EQ(read->provides_extra, metadata.provides_extra);
    EXPECT_EQ(read->license, metadata.license);
    for (std::size_t at = 0; at < packed.size(); ++at) {
        EXPECT_FALSE(unpack_core_metadata(packed.substr(0, at)));
        std::string damaged = packed;
        damaged[at] = '\xff';
        (void)unpack_core_metadata(damaged);
    }
}

/// Everything that a Repodata says of a record, through its tables.
std::string told(const Repodata& repodata, const CondaRecord& record) {
    std::string out;
    for (const TextId id : {record.file_name, record.name, record.version, record.build,
                            record.track_features, record.license, record.python_site_packages_path}) {
        out.append(repodata.text(id)).append("\n");
    }
    for (const TextList list : {record.depends, record.constrains, record.purls, record.extra_depends}) {
        for (const TextId id : repodata.list(list)) out.append(repodata.text(id)).append("|");
        out += "\n";
    }
    out += record.sha256.hex() + " " + std::to_string(record.build_number) + " " +
           std::to_string(record.timestamp_ms) + " " + std::to_string(record.size_bytes) + " " +
           std::to_string(static_cast<int>(record.noarch));
    return out;
}

TEST(PackedRepodata, SaysWhatEverySharedChannelSays) {
    AIMLOCK_NEEDS_SHARED(shared, "channels");
    SilentLog log;
    std::size_t channels = 0;
    std::size_t records = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(shared)) {
        if (entry.path().filename() != "repodata.json.zst") continue;
        const RepodataOrigin origin{"c", entry.path().parent_path().filename().string(),
                                    "https://c.example/x/", entry.path().string()};
        const std::string bytes = *read_whole_file(entry.path());
        const auto parsed = parse_repodata(bytes, ".zst", origin, log);
        ASSERT_TRUE(parsed) << parsed.error().message;
        const auto packed = std::make_shared<const std::string>(
            pack_repodata(*parse_repodata(bytes, ".zst", origin, log), {}));
        const auto opened = open_packed_repodata(*packed, packed, origin, log);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->base_url, parsed->base_url);
        ASSERT_EQ(opened->records.size(), parsed->records.size());
        for (std::size_t i = 0; i < parsed->records.size(); ++i) {
            ASSERT_EQ(told(*opened, opened->records[i]), told(*parsed, parsed->records[i]));
            const std::string_view name = opened->text(opened->records[i].name);
            ASSERT_EQ(opened->texts.find(name), opened->records[i].name);
            const NameRun run = opened->run_of(name);
            ASSERT_TRUE(run.begin <= i && i < run.begin + run.size);
        }
        EXPECT_FALSE(opened->texts.find("no package has this name"));
        ++channels;
        records += parsed->records.size();
    }
    EXPECT_GT(channels, 20U);
    EXPECT_GT(records, 100'000U);
    std::cout << channels << " documents, " << records << " records\n";
}

class KeptLog final : public Log {
public:
    void write(LogLevel, std::string_view message) override { said.emplace_back(message); }
    std::vector<std::string> said;
};

TEST(PackedRepodata, GrowsBehindItsTextsRepeatsWarningsAndSurvivesDamage) {
    const RepodataOrigin origin{"c", "linux-64", "https://c.example/x/", "repodata.json"};
    KeptLog log;
    const std::string text =
        R"({"info":{},"packages":{},"packages.conda":{"a-1-0.conda":{"name":"a","version":"1","build":"0","build_number":0,"depends":["b >=1"]}}})";
    auto parsed = parse_repodata(text, ".json", origin, log);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const std::string packed = pack_repodata(*std::move(parsed), {"one record was left out"});
    auto opened = open_packed_repodata(packed, nullptr, origin, log);
    ASSERT_TRUE(opened);
    EXPECT_THAT(log.said, ::testing::ElementsAre("one record was left out"));
    const std::size_t known = opened->texts.size();
    EXPECT_EQ(opened->texts.intern("a"), opened->records[0].name);
    const TextId added = opened->texts.intern("new");
    EXPECT_EQ(added.index, known);
    EXPECT_EQ(opened->texts[added], "new");
    EXPECT_EQ(opened->texts.find("new"), added);
    for (std::size_t at = 0; at < packed.size(); ++at) {
        EXPECT_FALSE(open_packed_repodata(packed.substr(0, at), nullptr, origin, log)) << at;
        for (const int value : {0, 1, 0x7f, 0xff}) {
            std::string damaged = packed;
            damaged[at] = static_cast<char>(value);
            const auto odd = open_packed_repodata(damaged, nullptr, origin, log);
            if (!odd) continue;
            (void)odd->texts.find("b >=1");
            for (const CondaRecord& record : odd->records) (void)odd->list(record.depends);
        }
    }
}

}  // namespace
}  // namespace aimlock
