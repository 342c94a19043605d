#include "image/replay/environment_python.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

namespace aimlock {

bool run_environment_python(const std::vector<std::string>& words, const std::filesystem::path& input) {
    // posix_spawn's signature predates const; it does not write to either list.
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::array<const char*, 4> environment = {"PYTHONHASHSEED=0", "LC_ALL=C.UTF-8",
                                                    "PYTHONNOUSERSITE=1", nullptr};
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    ::pid_t child = 0;
    const int failed = ::posix_spawn(&child, arguments.front(), &actions, nullptr, arguments.data(),
                                     const_cast<char* const*>(environment.data()));
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return false;
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace aimlock
