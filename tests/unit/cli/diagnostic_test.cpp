#include "cli/render/diagnostic.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace aimlock::cli {
namespace {

SourceLine line(std::string text) {
    return [text = std::move(text)](const std::string&, std::uint32_t) { return std::optional(text); };
}

std::string plain(const Error& error, const SourceLine& source, std::size_t columns = 80) {
    return render_error(error, Painter(false), source, columns);
}

TEST(Diagnostic, PointsAtAWholeWordAndSetsTheNearestNameBehindIt) {
    const Error error{ErrorCode::manifest,
                      "unknown table `pypi-dependancies`",
                      {"aimlock.toml", 13, 2},
                      "nearest known: `pypi-dependencies`"};
    EXPECT_EQ(plain(error, line("[pypi-dependancies]")),
              "error: unknown table `pypi-dependancies`\n"
              "  --> aimlock.toml:13:2\n"
              "13 | [pypi-dependancies]\n"
              "   |  ^^^^^^^^^^^^^^^^^ nearest known: `pypi-dependencies`\n");
}

TEST(Diagnostic, PointsAtOneByteThatIsNoWord) {
    const Error error{
        ErrorCode::syntax, "expected a version after `>=`, found `>`", {"aimlock.toml", 14, 19}, {}};
    EXPECT_EQ(plain(error, line("transformers = \">=> 4\"")),
              "error: expected a version after `>=`, found `>`\n"
              "  --> aimlock.toml:14:19\n"
              "14 | transformers = \">=> 4\"\n"
              "   |                   ^\n");
}

TEST(Diagnostic, ShowsFurtherLinesOfAMessageAsReasonsAndTheHintLast) {
    const Error error{
        ErrorCode::integrity, "numpy has another hash\nlocked: aa\nfound: bb", {{}, 0, 0}, "run it again"};
    EXPECT_EQ(plain(error, line("")),
              "error: numpy has another hash\n"
              "  = locked: aa\n"
              "  = found: bb\n"
              "help: run it again\n");
}

TEST(Diagnostic, ShowsNothingThatATerminalObeysAndNoSecret) {
    const Error error{ErrorCode::network,
                      "cannot read https://u:canary@h/\x1b[2J",
                      {"a\x1b.toml", 1, 1},
                      "try https://u:canary@h/"};
    const std::string text = plain(error, line("x = \"https://u:canary@h/\" # \x1b]0;hi\x07"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("canary"), std::string::npos) << text;
}

TEST(Diagnostic, KeepsTheCaretUnderItsByteBehindTabsAndWideCharacters) {
    const Error error{
        ErrorCode::syntax, "bad", {"f", 1, 6}, {}};  // the byte behind a tab, 数 (3 bytes) and a blank
    EXPECT_EQ(plain(error, line("\t数 x")), "error: bad\n  --> f:1:6\n1 |  数 x\n  |     ^\n");
}

TEST(Diagnostic, CutsAVeryLongLineAroundTheFault) {
    const Error error{ErrorCode::syntax, "bad", {"f", 1, 501}, {}};
    const std::string text = plain(error, line(std::string(500, ' ') + "!" + std::string(500, 'y')), 60);
    std::size_t longest = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        longest = std::max(longest, end - at);
        at = end + 1;
    }
    EXPECT_LE(longest, 60U) << text;
    EXPECT_NE(text.find('!'), std::string::npos);
}

TEST(Diagnostic, LosesNothingWithoutColour) {
    const Error error{ErrorCode::manifest, "unknown key", {"aimlock.toml", 2, 1}, "remove it"};
    std::string painted = render_error(error, Painter(true), line("colour = 1"), 80);
    for (std::size_t at = painted.find('\x1b'); at != std::string::npos; at = painted.find('\x1b')) {
        painted.erase(at, painted.find('m', at) - at + 1);
    }
    EXPECT_EQ(painted, plain(error, line("colour = 1")));
}

TEST(Diagnostics, AreCountedWhenThereAreSeveral) {
    const std::vector errors{Error{ErrorCode::manifest,
                                   "unknown table `pypi-dependancies`",
                                   {"aimlock.toml", 13, 2},
                                   "nearest known: `pypi-dependencies`"},
                             Error{ErrorCode::usage,
                                   "`--cuda` belongs to a request without a manifest",
                                   {{}, 0, 0},
                                   "write it in the manifest"}};
    aimlock::testing::expect_golden("cli/two_errors.txt",
                                    render_errors(errors, Painter(false), line("[pypi-dependancies]"), 80));
}

}  // namespace
}  // namespace aimlock::cli
