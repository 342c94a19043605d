// Every spec and version of the recorded channels must be read: what real packages say is the larger
// conformance table.
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "solver/spec/match_spec.hpp"
#include "tests/support/shared.hpp"

namespace aimlock {
namespace {

using nlohmann::json;

struct RealTexts {
    std::size_t records = 0;
    std::set<std::string> specs;
    std::set<std::string> versions;
};

RealTexts read_all(const std::filesystem::path& channels) {
    RealTexts texts;
    const auto options = std::filesystem::directory_options::follow_directory_symlink;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(channels, options)) {
        if (entry.path().filename() != "repodata.json.zst") continue;
        const json document = json::parse(testing::read_shared(entry.path()));
        for (const char* part : {"packages", "packages.conda"}) {
            const auto records = document.find(part);
            if (records == document.end()) continue;
            for (const json& record : *records) {
                ++texts.records;
                texts.versions.insert(record["version"].get<std::string>());
                for (const char* key : {"depends", "constrains"}) {
                    if (record.contains(key)) texts.specs.merge(record[key].get<std::set<std::string>>());
                }
            }
        }
    }
    return texts;
}

TEST(RealChannels, EverySpecAndVersionIsRead) {
    AIMLOCK_NEEDS_SHARED(channels, "channels");
    const RealTexts texts = read_all(channels);
    std::size_t failures = 0;
    for (const std::string& text : texts.specs) {
        const auto spec = MatchSpec::parse(text);
        const auto again = spec ? MatchSpec::parse(spec->text()) : spec;
        const bool good =
            spec && spec->name == match_spec_name(text) && again && again->text() == spec->text();
        if (good || ++failures > 20) continue;
        ADD_FAILURE() << text << ": "
                      << (!spec    ? spec.error().message
                          : !again ? again.error().message
                                   : spec->text());
    }
    for (const std::string& text : texts.versions) {
        const auto version = CondaVersion::parse(text);
        if (!version && ++failures <= 20) ADD_FAILURE() << version.error().message;
    }
    std::printf("real channels: %zu records, %zu distinct specs and %zu distinct versions, %zu failures\n",
                texts.records, texts.specs.size(), texts.versions.size(), failures);
    EXPECT_EQ(failures, 0U);
    EXPECT_GT(texts.specs.size(), 0U);
}

}  // namespace
}  // namespace aimlock
