#include "image/replay/confined_run.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fetch/child_process.hpp"

// <sys/mount.h> of glibc 2.36 and <linux/mount.h> declare the same names.
extern "C" int mount(
    const char* source, const char* target, const char* type, unsigned long flags, const void* data);

namespace aimlock {
namespace {

constexpr unsigned long bind_mount = 4096;
constexpr unsigned long recursive = 16384;
constexpr unsigned long private_mount = 1UL << 18U;
#ifdef SYS_mount_setattr
constexpr long mount_setattr_call = SYS_mount_setattr;
#else
constexpr long mount_setattr_call = 442;
#endif

/// Everything that the child needs, made before the fork: after it only calls that are safe after a signal.
struct Prepared {
    std::vector<char*> words;
    std::vector<char*> variables;
    std::string folder;
    std::string writable;
    std::string output;
    std::string shown;
    std::string shown_at;
    std::string uid_map;
    std::string gid_map;
    bool confined = true;
};

/// What did not work, said through a pipe that the started program does not have.
struct Failure {
    int step = 0;
    int error = 0;
};
constexpr std::array<const char*, 9> steps{"start",
                                           "make namespaces of its own",
                                           "map its user",
                                           "set its mounts apart",
                                           "give it a folder to write to",
                                           "show it the environment",
                                           "make file systems read-only",
                                           "open its output",
                                           "run"};

[[noreturn]] void give_up(int pipe, int step) {
    const Failure failure{step, errno};
    [[maybe_unused]] const auto told = ::write(pipe, &failure, sizeof failure);
    ::_exit(127);
}

bool write_to(const char* file, const std::string& text) {
    const int out = ::open(file, O_WRONLY | O_CLOEXEC);
    if (out < 0) return false;
    const bool written = ::write(out, text.data(), text.size()) == static_cast<::ssize_t>(text.size());
    ::close(out);
    return written;
}

bool set_read_only(const char* path, bool read_only, bool all_below) {
    struct mount_attr attributes {};
    (read_only ? attributes.attr_set : attributes.attr_clr) = MOUNT_ATTR_RDONLY;
    return ::syscall(mount_setattr_call, AT_FDCWD, path, all_below ? AT_RECURSIVE : 0, &attributes,
                     sizeof attributes) == 0;
}

void confine(const Prepared& prepared, int pipe) {
    // A network without anybody, mounts and processes that nobody else sees.
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC) != 0)
        give_up(pipe, 1);
    (void)write_to("/proc/self/setgroups", "deny");  // kernels before 3.19 have none
    if (!write_to("/proc/self/uid_map", prepared.uid_map) ||
        !write_to("/proc/self/gid_map", prepared.gid_map))
        give_up(pipe, 2);
    if (::mount(nullptr, "/", nullptr, recursive | private_mount, nullptr) != 0) give_up(pipe, 3);
    const char* writable = prepared.writable.c_str();
    if (::mount(writable, writable, nullptr, bind_mount, nullptr) != 0) give_up(pipe, 4);
    if (!prepared.shown.empty() &&
        ::mount(prepared.shown.c_str(), prepared.shown_at.c_str(), nullptr, bind_mount, nullptr) != 0)
        give_up(pipe, 5);
    // Sockets of daemons are a way out that no network namespace closes.
    (void)::mount("tmpfs", "/run", "tmpfs", 0, nullptr);
    if (!set_read_only("/", true, true) || !set_read_only(writable, false, false)) give_up(pipe, 6);
}

/// The last thing before the program: root inside would otherwise undo its own mounts.
void drop_capabilities() {
    for (unsigned long capability = 0; capability < 64; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
    }
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

[[noreturn]] void become(const Prepared& prepared, int pipe) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = ::open(prepared.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (in < 0 || out < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) give_up(pipe, 7);
    if (prepared.confined) drop_capabilities();
    if (::chdir(prepared.folder.c_str()) != 0) give_up(pipe, 8);
    ::execve(prepared.words[0], prepared.words.data(), prepared.variables.data());
    give_up(pipe, 8);
}

/// The first child; the program is the first process of its own process space, so all ends with it.
[[noreturn]] void supervise(const Prepared& prepared, int pipe, ::pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    if (!prepared.confined) become(prepared, pipe);
    confine(prepared, pipe);
    const ::pid_t program = ::fork();
    if (program < 0) give_up(pipe, 0);
    if (program == 0) become(prepared, pipe);
    ::close(pipe);
    ::_exit(wait_for_end(program).value_or(127));
}

std::string own_id(unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1";
}

}  // namespace

Result<int> run_confined(const ConfinedProgram& program) {
    const Prepared prepared{exec_list(program.words), exec_list(program.variables),
                            program.folder,           program.writable,
                            program.output,           program.shown,
                            program.shown_at,         own_id(::getuid()),
                            own_id(::getgid()),       program.confined};
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail(ErrorCode::io, "cannot make a pipe");
    const ::pid_t parent = ::getpid();
    const ::pid_t child = ::fork();
    if (child == 0) supervise(prepared, pipe[1], parent);
    ::close(pipe[1]);
    Failure failure;
    const ::ssize_t told = child < 0 ? 0 : ::read(pipe[0], &failure, sizeof failure);
    ::close(pipe[0]);
    if (child < 0) return fail(ErrorCode::io, "cannot start a process");
    const int status = wait_for_end(child).value_or(127);
    if (told != sizeof failure) return status;
    return fail(ErrorCode::refused, std::string("this machine does not let a build be cut off: cannot ") +
                                        steps[static_cast<std::size_t>(failure.step)] + ": " +
                                        std::strerror(failure.error));
}

}  // namespace aimlock
