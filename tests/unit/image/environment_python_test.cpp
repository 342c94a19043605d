#include "image/replay/environment_python.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock::testing {
namespace {

bool within_seconds(int seconds, const auto& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

TEST(EnvironmentPython, ReadsItsInputAndTellsHowItEnded) {
    const TempDir folder;
    std::ofstream(folder.path() / "list") << "one\n";
    EXPECT_TRUE(
        run_environment_python({"/bin/sh", "-c", "read line; test \"$line\" = one"}, folder.path() / "list"));
    EXPECT_FALSE(run_environment_python({"/bin/sh", "-c", "exit 3"}));
    EXPECT_FALSE(run_environment_python({(folder.path() / "nothing").string()}));
}

// An orphan would go on writing where the next run has cleared up.
TEST(EnvironmentPython, EndsWithTheProgramThatStartedIt) {
    const TempDir folder;
    const std::string file = (folder.path() / "number").string();
    const ::pid_t program = ::fork();
    ASSERT_GE(program, 0);
    if (program == 0) {
        run_environment_python({"/bin/sh", "-c", "echo $$ > " + file + "; exec sleep 60"});
        ::_exit(0);
    }
    ::pid_t child = 0;
    EXPECT_TRUE(within_seconds(10, [&] { return static_cast<bool>(std::ifstream(file) >> child); }));
    ::kill(program, SIGKILL);
    ::waitpid(program, nullptr, 0);
    const auto is_over = [&] {
        std::string state;
        std::ifstream(("/proc/" + std::to_string(child) + "/stat")) >> state >> state >> state;
        return state.empty() || state == "Z";
    };
    EXPECT_TRUE(within_seconds(10, is_over));
    if (child > 0 && !is_over()) ::kill(child, SIGKILL);
}

}  // namespace
}  // namespace aimlock::testing
