#include "fetch/url.hpp"

#include <gtest/gtest.h>

#include "fetch/credentials.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

TEST(Url, CredentialsAreCutFromWhatIsStored) {
    EXPECT_EQ(without_credentials("https://user:pw@host.example/simple/#frag"),
              "https://host.example/simple/");
    EXPECT_EQ(without_credentials("https://host.example/t/tk-123/chan/noarch"),
              "https://host.example/chan/noarch");
    EXPECT_EQ(without_credentials("https://host.example/f?token=abc&v=1&X-Amz-Signature=z"),
              "https://host.example/f?v=1");
    EXPECT_EQ(shown_url("https://u:p@host.example/f?v=1"), "https://host.example/f");
    EXPECT_EQ(shown_url("https://host.example/a\x1b[31m"), "https://host.example/a?[31m");
}

TEST(Url, ReferencesResolveAsRfc3986Says) {
    const std::string base = "https://host.example/simple/numpy/?x=1";
    EXPECT_EQ(join_url(base, "../../files/n.whl#sha256=1"), "https://host.example/files/n.whl#sha256=1");
    EXPECT_EQ(join_url(base, "/abs/n.whl"), "https://host.example/abs/n.whl");
    EXPECT_EQ(join_url(base, "//cdn.example/n.whl"), "https://cdn.example/n.whl");
    EXPECT_EQ(join_url(base, "https://else.example/n.whl"), "https://else.example/n.whl");
    EXPECT_EQ(join_url(base, "./a/./b/../c"), "https://host.example/simple/numpy/a/c");
    EXPECT_EQ(join_url(base, "../../../../etc/x"), "https://host.example/etc/x");
    EXPECT_EQ(join_url(base, ""), base);
}

TEST(Url, DecodesOnceAndFilesRoundTrip) {
    EXPECT_EQ(percent_decoded("%252e%2Fa%"), "%2e/a%");
    EXPECT_EQ(path_of_file_url(file_url_of("/a b/ü+%41.whl")), "/a b/ü+%41.whl");
}

TEST(Credentials, GoOnlyToTheOriginTheyWereGivenFor) {
    const testing::TempDir home;
    home.write(".netrc", "# ours\nmachine files.example login me password secret\n");
    Environment environment;
    environment.home = home.path();
    Credentials credentials(environment);
    EXPECT_EQ(credentials.learn("https://us%40er:p%2Fw@index.example/simple"),
              "https://index.example/simple");
    EXPECT_EQ(credentials.user_for("https://index.example/other").value_or(""), "us@er:p/w");
    EXPECT_FALSE(credentials.user_for("http://index.example/other"));
    EXPECT_FALSE(credentials.user_for("https://index.example:8443/other"));
    EXPECT_EQ(credentials.user_for("https://files.example/x").value_or(""), "me:secret");
    EXPECT_EQ(credentials.learn("https://conda.example/t/tk-1/mine"), "https://conda.example/mine");
    EXPECT_EQ(credentials.with_token("https://conda.example/mine/noarch/x.conda"),
              "https://conda.example/t/tk-1/mine/noarch/x.conda");
    EXPECT_EQ(credentials.with_token("https://else.example/mine"), "https://else.example/mine");
}

}  // namespace
}  // namespace aimlock
