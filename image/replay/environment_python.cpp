#include "image/replay/environment_python.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fetch/child_process.hpp"

namespace aimlock {
namespace {

// Between fork and exec: calls that are safe after a signal, nothing else. Ends with its parent, or a killed
// run's compiler would go on writing where the next run has cleared up.
[[noreturn]] void be_python(char* const* arguments, const char* input, ::pid_t parent) {
    const std::array<const char*, 4> environment = {"PYTHONHASHSEED=0", "LC_ALL=C.UTF-8",
                                                    "PYTHONNOUSERSITE=1", nullptr};
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    const int in = ::open(input, O_RDONLY);
    const int nowhere = ::open("/dev/null", O_WRONLY);
    if (::dup2(in, 0) < 0 || ::dup2(nowhere, 1) < 0 || ::dup2(nowhere, 2) < 0) ::_exit(127);
    // execve's signature predates const; it does not write to either list.
    ::execve(arguments[0], arguments, const_cast<char* const*>(environment.data()));
    ::_exit(127);
}

}  // namespace

bool run_environment_python(const std::vector<std::string>& words, const std::filesystem::path& input) {
    const std::vector<char*> arguments = exec_list(words);
    const ::pid_t parent = ::getpid();
    const ::pid_t child = ::fork();
    if (child < 0) return false;
    if (child == 0) be_python(arguments.data(), input.c_str(), parent);
    return wait_for_end(child) == 0;
}

}  // namespace aimlock
