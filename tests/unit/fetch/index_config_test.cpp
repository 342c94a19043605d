#include "fetch/pypi/index_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;

class IndexConfig : public ::testing::Test {
protected:
    IndexConfig() {
        environment.home = folder.path();
        environment.system_root = folder.path() / "root";
    }
    std::vector<std::string> addresses() const { return index_addresses({}, environment); }
    testing::TempDir folder;
    Environment environment;
};

TEST_F(IndexConfig, WhatIsRequestedWinsOverAll) {
    environment.variables["PIP_INDEX_URL"] = "https://pip.example/simple";
    EXPECT_THAT(index_addresses({"https://a.example/simple/", "https://b.example/simple"}, environment),
                ElementsAre("https://a.example/simple", "https://b.example/simple"));
}

TEST_F(IndexConfig, VariablesWinOverFiles) {
    folder.write(".config/pip/pip.conf", "[global]\nindex-url = https://file.example/simple\n");
    EXPECT_THAT(addresses(), ElementsAre("https://file.example/simple"));
    environment.variables["UV_DEFAULT_INDEX"] = "https://uv.example/simple";
    environment.variables["UV_INDEX"] = "corp=https://corp.example/simple https://two.example/simple";
    EXPECT_THAT(addresses(), ElementsAre("https://corp.example/simple", "https://two.example/simple",
                                         "https://uv.example/simple"));
    environment.variables["PIP_INDEX_URL"] = "https://pip.example/simple";
    EXPECT_THAT(addresses(), ElementsAre("https://pip.example/simple"));
}

TEST_F(IndexConfig, ReadsPipConf) {
    folder.write(".pip/pip.conf",
                 "# ours\n[freeze]\nindex-url = https://wrong.example\n[global]\ntimeout = "
                 "60\nextra_index_url =\n    https://one.example/simple\n"
                 "    https://two.example/simple\n[install]\nindex-url: https://main.example/simple/\n");
    EXPECT_THAT(addresses(), ElementsAre("https://one.example/simple", "https://two.example/simple",
                                         "https://main.example/simple"));
}

TEST_F(IndexConfig, ReadsUvToml) {
    folder.write(".config/uv/uv.toml",
                 "offline = false\n[[index]]\nname = \"corp\"\nurl = "
                 "\"https://corp.example/simple\"\n\n[[index]]\nurl = "
                 "'https://main.example/simple/'\ndefault = true\n");
    EXPECT_THAT(addresses(), ElementsAre("https://corp.example/simple", "https://main.example/simple"));
    folder.write(
        ".config/uv/uv.toml",
        "index-url = \"https://main.example/simple\"\nextra-index-url = [\n  \"https://x.example\",\n]\n");
    EXPECT_THAT(addresses(), ElementsAre("https://x.example", "https://main.example/simple"));
}

TEST_F(IndexConfig, WithNothingItIsTheBuildsDefault) {
    std::string expected = default_index();
    while (expected.ends_with('/')) expected.pop_back();
    if (expected.empty()) GTEST_SKIP() << "skipped: this build has no default index";
    EXPECT_THAT(addresses(), ElementsAre(expected));
}

}  // namespace
}  // namespace aimlock
