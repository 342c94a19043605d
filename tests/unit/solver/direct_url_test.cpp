#include "solver/spec/direct_url.hpp"

#include <gmock/gmock.h>

namespace aimlock {
namespace {

using ::testing::HasSubstr;

const std::string digest(64, 'a');
const std::string commit(40, 'b');

TEST(DirectUrl, KnowsWhatIsAtAnAddress) {
    const auto kind = [](const std::string& text) {
        const auto url = DirectUrl::parse(text);
        EXPECT_TRUE(url) << url.error().message;
        return url ? url->kind : ArtifactKind::wheel;
    };
    EXPECT_EQ(kind("https://h.example/a-1.0-py3-none-any.whl"), ArtifactKind::wheel);
    EXPECT_EQ(kind("file:///w/a-1.0-py3-none-any.whl"), ArtifactKind::wheel);
    EXPECT_EQ(kind("https://h.example/archive/v1.tar.gz"), ArtifactKind::sdist);
    EXPECT_EQ(kind("http://h.example/a-1.0.zip"), ArtifactKind::sdist);
    EXPECT_EQ(kind("git+https://h.example/a.git@" + commit), ArtifactKind::git);
}

TEST(DirectUrl, ShowsAndLocksNoSecret) {
    const auto wheel = DirectUrl::parse("https://me:secret@h.example/a-1-py3-none-any.whl#sha256=" + digest);
    ASSERT_TRUE(wheel);
    EXPECT_EQ(wheel->url, "https://me:secret@h.example/a-1-py3-none-any.whl");
    EXPECT_EQ(wheel->locked(), "https://h.example/a-1-py3-none-any.whl");
    EXPECT_EQ(wheel->text(), "https://h.example/a-1-py3-none-any.whl#sha256=" + digest);
    const auto git = DirectUrl::parse("git+ssh://git:pw@h.example/a.git@" + commit + "#subdirectory=x/y");
    ASSERT_TRUE(git);
    EXPECT_EQ(git->locked(), "git+ssh://git@h.example/a.git@" + commit);
    EXPECT_EQ(git->subdirectory, "x/y");
    const auto bad = DirectUrl::parse("https://me:secret@h.example/a.exe");
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().message, ::testing::Not(HasSubstr("secret")));
}

TEST(DirectUrl, TheHashIsNoPartOfWhatIsAskedFor) {
    EXPECT_EQ(DirectUrl::parse("https://h.example/a.zip#sha256=" + digest)->identity(),
              DirectUrl::parse("https://u:p@h.example/a.zip")->identity());
    EXPECT_NE(DirectUrl::parse("https://h.example/a.zip#subdirectory=b")->identity(),
              DirectUrl::parse("https://h.example/a.zip")->identity());
}

struct Case {
    const char* name;
    std::string text;
    const char* error;
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};
class Refused : public ::testing::TestWithParam<Case> {};

TEST_P(Refused, InWords) {
    const auto url = DirectUrl::parse(GetParam().text);
    ASSERT_FALSE(url);
    EXPECT_THAT(url.error().message + " | " + url.error().hint, HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    DirectUrl,
    Refused,
    ::testing::Values(
        Case{"branch", "git+https://h.example/a.git@main", "git ls-remote https://h.example/a.git main"},
        Case{"short_commit", "git+https://h.example/a.git@bbbbbbb", "no full commit"},
        Case{"no_commit", "git+https://h.example/a.git", "names no commit"},
        Case{"no_commit_but_a_user", "git+https://me@h.example/a.git", "names no commit"},
        Case{"scheme", "ext::sh -c x", "no address that is understood"},
        Case{"git_over_http", "git+http://h.example/a@" + commit, "no address that is understood"},
        Case{"query", "https://h.example/a.zip?token=x", "query"},
        Case{"md5", "https://h.example/a.zip#md5=x", "means nothing here"},
        Case{"short_hash", "https://h.example/a.zip#sha256=abc", "64 hexadecimal"},
        Case{"leaves", "https://h.example/a.zip#subdirectory=a/../..", "leaves the sources"},
        Case{"file_kind", "https://h.example/a.exe", "neither .whl"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace aimlock
