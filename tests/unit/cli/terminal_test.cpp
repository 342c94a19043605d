#include "cli/render/terminal.hpp"

#include <map>

#include <gtest/gtest.h>

namespace aimlock::cli {
namespace {

VariableLookup table(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

TEST(Colour, IsForTerminalsUnlessSomethingSaysOtherwise) {
    EXPECT_TRUE(decide_color(ColorChoice::automatic, true, table({})));
    EXPECT_FALSE(decide_color(ColorChoice::automatic, false, table({})));
    EXPECT_FALSE(decide_color(ColorChoice::automatic, true, table({{"TERM", "dumb"}})));
    EXPECT_TRUE(decide_color(ColorChoice::automatic, false, table({{"FORCE_COLOR", "1"}})));
    EXPECT_TRUE(
        decide_color(ColorChoice::automatic, false, table({{"CLICOLOR_FORCE", "1"}, {"TERM", "dumb"}})));
    EXPECT_FALSE(decide_color(ColorChoice::automatic, false, table({{"CLICOLOR_FORCE", "0"}})));
}

TEST(Colour, NoColorBeatsForceColorAndTheFlagBeatsBoth) {
    const auto both = table({{"NO_COLOR", "1"}, {"FORCE_COLOR", "1"}});
    EXPECT_FALSE(decide_color(ColorChoice::automatic, true, both));
    EXPECT_TRUE(decide_color(ColorChoice::always, false, both));
    EXPECT_FALSE(decide_color(ColorChoice::never, true, table({{"FORCE_COLOR", "1"}})));
    EXPECT_TRUE(decide_color(ColorChoice::automatic, true, table({{"NO_COLOR", ""}})))
        << "an empty NO_COLOR says nothing";
}

TEST(Painting, IsNothingWithoutColour) {
    EXPECT_EQ(Painter(false).error("error:"), "error:");
    EXPECT_EQ(Painter(true).error("error:"), "\x1b[1;31merror:\x1b[0m");
}

}  // namespace
}  // namespace aimlock::cli
