// A handler that writes one byte into a pipe and a thread that reads it, instead of blocked signals and
// sigwait: a mask is inherited by the programs we start (python compiling byte code), and they would then not
// hear Ctrl-C.
#include "cli/signals.hpp"

#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace aimlock::cli {
namespace {

struct Registered {
    std::mutex mutex;
    std::set<std::filesystem::path> files;
    std::function<void()> last_words;
};

// Never destroyed: the signal thread may use it while the program ends.
Registered& registered() {
    static auto* const all = new Registered;
    return *all;
}

int wake_fd = -1;

void on_signal(int number) {
    const int saved = errno;
    const auto byte = static_cast<unsigned char>(number);
    [[maybe_unused]] const auto written = ::write(wake_fd, &byte, 1);
    errno = saved;
    ::signal(number, SIG_DFL);  // a second Ctrl-C ends at once
}

[[noreturn]] void end_by(int number) {
    Registered& all = registered();
    // The lock is held only for the moment of a registration; a signal in that moment gives up the files, not
    // the ending.
    if (const std::unique_lock lock(all.mutex, std::try_to_lock); lock.owns_lock()) {
        for (const auto& file : all.files) ::unlink(file.c_str());
        if (all.last_words) all.last_words();
    }
    ::signal(number, SIG_DFL);
    ::kill(::getpid(), number);
    ::_exit(128 + number);
}

void wait_for_signal(int fd) {
    unsigned char number = 0;
    while (::read(fd, &number, 1) != 1) {
        if (errno != EINTR) return;
    }
    end_by(number);
}

}  // namespace

void start_signal_thread() {
    ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of a write, also for libcurl's sockets
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return;  // then the default action ends the program, as without us
    wake_fd = ends[1];
    std::thread(wait_for_signal, ends[0]).detach();
    for (const int number : {SIGINT, SIGTERM}) {
        struct ::sigaction before {};
        ::sigaction(number, nullptr, &before);
        if (before.sa_handler == SIG_IGN) continue;  // started by nohup or in the background of a script
        struct ::sigaction action {};
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        ::sigemptyset(&action.sa_mask);
        ::sigaction(number, &action, nullptr);
    }
}

void set_last_words(std::function<void()> words) {
    const std::lock_guard lock(registered().mutex);
    registered().last_words = std::move(words);
}

TemporaryFile::TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {
    const std::lock_guard lock(registered().mutex);
    registered().files.insert(path_);
}

TemporaryFile::~TemporaryFile() {
    if (path_.empty()) return;
    ::unlink(path_.c_str());
    release();
}

void TemporaryFile::release() {
    const std::lock_guard lock(registered().mutex);
    registered().files.erase(path_);
    path_.clear();
}

}  // namespace aimlock::cli
