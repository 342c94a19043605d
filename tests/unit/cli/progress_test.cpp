#include "cli/render/progress.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

struct Screen {
    std::int64_t now = 1000;
    std::vector<std::string> writes;
    FrameWriter writer() {
        return [this](std::string_view text) { writes.emplace_back(text); };
    }
    MillisecondClock clock() {
        return [this] { return now; };
    }
};

TEST(ProgressOnATerminal, DrawsNothingInTheFirstTenthOfASecond) {
    Screen screen;
    ProgressTty progress(
        screen.writer(), [] { return 80U; }, screen.clock());
    progress.begin("Reading", 41, false);
    screen.now += 99;
    progress.advance(1);
    progress.end();
    EXPECT_TRUE(screen.writes.empty());
}

TEST(ProgressOnATerminal, DrawsAtMostTenFramesASecondEachInOneWrite) {
    Screen screen;
    ProgressTty progress(
        screen.writer(), [] { return 80U; }, screen.clock());
    progress.begin("Reading", 1000, false);
    for (int i = 0; i < 1000; ++i) {
        ++screen.now;
        progress.advance(1);
    }
    EXPECT_GE(screen.writes.size(), 9U);
    EXPECT_LE(screen.writes.size(), 10U);
    progress.end();
    EXPECT_EQ(screen.writes.back(), "\r\x1b[2K") << "the frame is erased at the end";
}

TEST(ProgressOnATerminal, NeverFillsTheLastColumn) {
    for (const unsigned width : {40U, 80U}) {
        Screen screen;
        ProgressTty progress(
            screen.writer(), [width] { return width; }, screen.clock());
        progress.begin("Solving", 0, false);
        screen.now += 200;
        progress.status(
            "gpu round 2, waiting for 12 names (torchvision, torchaudio, a\x1b[2J and many others that are "
            "long)");
        ASSERT_EQ(screen.writes.size(), 1U);
        std::string frame = screen.writes[0];
        for (const char* sequence : {"\x1b[?2026h", "\x1b[?2026l", "\x1b[2K", "\r"})
            frame.erase(frame.find(sequence), std::string_view(sequence).size());
        EXPECT_EQ(display_width(frame), width - 1) << frame;
        EXPECT_EQ(frame.find('\x1b'), std::string::npos) << "others' text is escaped";
        EXPECT_TRUE(frame.ends_with("0.20 s")) << frame;
    }
}

TEST(ProgressOnATerminal, GoesOnWithoutACallAndStepsAsideForLines) {
    Screen screen;
    ProgressTty progress(
        screen.writer(), [] { return 80U; }, screen.clock());
    progress.begin("Solving", 0, false);
    screen.now += 150;
    progress.tick();
    screen.now += 150;
    progress.tick();
    ASSERT_EQ(screen.writes.size(), 2U);
    EXPECT_NE(screen.writes[1].find("0.30 s"), std::string::npos);
    progress.print("note: a line\n");
    ASSERT_EQ(screen.writes.size(), 4U);
    EXPECT_EQ(screen.writes[2], "\r\x1b[2K");
    EXPECT_EQ(screen.writes[3], "note: a line\n");
}

TEST(ProgressInALog, SaysNothingOfShortWorkAndALineEveryTenSecondsOfLongWork) {
    Screen screen;
    ProgressPlain progress(screen.writer(), screen.clock());
    progress.begin("Downloading", 1U << 20U, true);
    for (int i = 0; i < 250; ++i) {
        screen.now += 100;
        progress.advance(1024);
    }
    progress.end();
    ASSERT_EQ(screen.writes.size(), 3U);
    EXPECT_EQ(screen.writes[0], "Downloading 10.0 KiB of 1.0 MiB, 1.0 s\n");
    EXPECT_EQ(screen.writes[1], "Downloading 110.0 KiB of 1.0 MiB, 11 s\n");
}

}  // namespace
}  // namespace aimlock::cli
