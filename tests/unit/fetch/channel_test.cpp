#include "fetch/conda/channel.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using testing::TempDir;

constexpr const char* alias = "https://channels.example";

std::string url_of(std::string_view written) {
    const auto found = resolve_channel(written, alias);
    return found ? found->front().url : "error: " + found.error().message;
}
std::string name_of(std::string_view written) {
    const auto found = resolve_channel(written, alias);
    return found ? found->front().name : "error: " + found.error().message;
}

TEST(ChannelAddress, NamesResolveAgainstTheAlias) {
    EXPECT_EQ(url_of("conda-forge"), "https://channels.example/conda-forge");
    EXPECT_EQ(url_of("conda-forge/label/rc"), "https://channels.example/conda-forge/label/rc");
    EXPECT_EQ(name_of("conda-forge/label/rc"), "conda-forge/label/rc");
}

TEST(ChannelAddress, UrlsAreKnownByTheirLastComponent) {
    EXPECT_EQ(name_of("https://host.example/a/pytorch/"), "pytorch");
    EXPECT_EQ(name_of("https://host.example/conda-forge/label/rc"), "conda-forge/label/rc");
    EXPECT_EQ(name_of("https://host.example/t/secret-token/mine"), "mine");
    EXPECT_EQ(url_of("https://host.example/pytorch/linux-64/"), "https://host.example/pytorch");
}

TEST(ChannelAddress, AFolderIsAChannelAndAMissingPathIsNot) {
    const TempDir folder;
    folder.write("my channel/noarch/repodata.json", "{}");
    const auto found = resolve_channel("my channel", alias, folder.path());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->front().name, "my channel");
    EXPECT_TRUE(found->front().url.ends_with("/my%20channel"));
    EXPECT_EQ(name_of("./nowhere"), "error: channel `./nowhere`: no such folder");
    EXPECT_FALSE(resolve_channel("ftp://host.example/x", alias));
    EXPECT_FALSE(resolve_channel("", alias));
}

TEST(ChannelAlias, IsAskedOfTheRequestTheEnvironmentAndCondarcInThatOrder) {
    const TempDir folder;
    Environment environment;
    environment.home = folder.path();
    environment.system_root = folder.path();
    EXPECT_TRUE(channel_alias(environment, std::nullopt).starts_with("https://"));
    folder.write(".condarc", "channels:\n  - a\nchannel_alias: https://condarc.example/  # ours\n");
    EXPECT_EQ(channel_alias(environment, std::nullopt), "https://condarc.example");
    environment.variables["AIMLOCK_CHANNEL_ALIAS"] = "https://variable.example/";
    EXPECT_EQ(channel_alias(environment, std::nullopt), "https://variable.example");
    EXPECT_EQ(channel_alias(environment, "https://request.example"), "https://request.example");
}

}  // namespace
}  // namespace aimlock
