#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "solver/spec/wheel.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

TEST(WheelTags, WheelFileNames) {
    AIMLOCK_NEEDS_TABLE(table, "wheel_tags");
    RowCount count("wheel_tags wheel_filename");
    for (const json& row : table["wheel_filename"]) {
        const auto wheel = WheelName::parse(row["input"].get<std::string>());
        json theirs = row["result"];
        if (!theirs.is_null()) {  // [1000, "abc"] there, "1000abc" here
            const json& build = row["result"]["build"];
            theirs["build"] = build.empty() ? "" : build[0].dump() + build[1].get<std::string>();
        }
        const json ours = wheel ? json{{"name", wheel->name},
                                       {"version", wheel->version.text()},
                                       {"build", wheel->build},
                                       {"tags", wheel->tags}}
                                : json();
        count.add(row["input"].get<std::string>(), ours == theirs, ours.dump());
    }
    count.finish();
}

TEST(WheelTags, SdistFileNames) {
    AIMLOCK_NEEDS_TABLE(table, "wheel_tags");
    RowCount count("wheel_tags sdist_filename");
    for (const json& row : table["sdist_filename"]) {
        const auto sdist = SdistName::parse(row["input"].get<std::string>());
        const json ours = sdist ? json{{"name", sdist->name}, {"version", sdist->version.text()}} : json();
        count.add(row["input"].get<std::string>(), ours == row["result"], ours.dump());
    }
    count.finish();
}

TEST(WheelTags, TagExpansion) {
    AIMLOCK_NEEDS_TABLE(table, "wheel_tags");
    RowCount count("wheel_tags parse_tag");
    for (const json& row : table["parse_tag"]) {
        const std::vector<std::string> tags = expand_tag(row["input"].get<std::string>());
        const json ours = tags.empty() ? json() : json(tags);
        count.add(row["input"].get<std::string>(), ours == row["result"], ours.dump());
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
