// A library to be preloaded: it counts the calls of a program that change a file system, over all threads,
// and lets the one that is asked for end badly. AIMLOCK_FAULT is `count`, `kill:N`, or `NUMBER:N` with the
// number of an errno. `kill` ends the process in the middle of call N: a write has then written half.
// AIMLOCK_FAULT_COUNT names a file that gets the number of calls.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum class Mode { off, count, kill, error };
Mode mode = Mode::off;
int error_number = 0;
long wanted = 0;
std::atomic<long> calls{0};

struct Setup {
    Setup() {
        const char* text = std::getenv("AIMLOCK_FAULT");
        if (text == nullptr) return;
        const char* colon = std::strchr(text, ':');
        wanted = colon != nullptr ? std::strtol(colon + 1, nullptr, 10) : 0;
        mode = std::strncmp(text, "count", 5) == 0  ? Mode::count
               : std::strncmp(text, "kill", 4) == 0 ? Mode::kill
                                                    : Mode::error;
        if (mode == Mode::error) error_number = static_cast<int>(std::strtol(text, nullptr, 10));
    }
    ~Setup() {
        const char* file = std::getenv("AIMLOCK_FAULT_COUNT");
        if (mode != Mode::count || file == nullptr) return;
        mode = Mode::off;
        if (std::FILE* out = std::fopen(file, "w"); out != nullptr) {
            std::fprintf(out, "%ld\n", calls.load());
            std::fclose(out);
        }
    }
} setup;

/// Whether this call must fail. Does not return from the one that is killed, unless `torn` wants to begin it.
bool strikes(bool torn = false) {
    if (mode == Mode::off || ++calls != wanted) return false;
    if (mode == Mode::kill && !torn) ::kill(::getpid(), SIGKILL);
    errno = error_number;
    return mode == Mode::kill || mode == Mode::error;
}

/// What goes to a terminal, a pipe or a socket changes no file.
bool is_file(int descriptor) {
    struct stat status {};
    return mode != Mode::off && ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

template <typename Function>
Function* real(Function* /*type*/, const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#define AIMLOCK_WRAP(result, name, parameters, arguments) \
    result name parameters {                              \
        static auto* const next = real(&::name, #name);   \
        if (strikes()) return -1;                         \
        return next arguments;                            \
    }

extern "C" {

AIMLOCK_WRAP(int, rename, (const char* a, const char* b), (a, b))
AIMLOCK_WRAP(int, renameat, (int a, const char* b, int c, const char* d), (a, b, c, d))
AIMLOCK_WRAP(int, renameat2, (int a, const char* b, int c, const char* d, unsigned e), (a, b, c, d, e))
AIMLOCK_WRAP(int, link, (const char* a, const char* b), (a, b))
AIMLOCK_WRAP(int, linkat, (int a, const char* b, int c, const char* d, int e), (a, b, c, d, e))
AIMLOCK_WRAP(int, symlink, (const char* a, const char* b), (a, b))
AIMLOCK_WRAP(int, symlinkat, (const char* a, int b, const char* c), (a, b, c))
AIMLOCK_WRAP(int, mkdir, (const char* a, mode_t b), (a, b))
AIMLOCK_WRAP(int, mkdirat, (int a, const char* b, mode_t c), (a, b, c))
AIMLOCK_WRAP(int, mkstemp, (char* a), (a))
AIMLOCK_WRAP(int, unlink, (const char* a), (a))
AIMLOCK_WRAP(int, unlinkat, (int a, const char* b, int c), (a, b, c))
AIMLOCK_WRAP(int, rmdir, (const char* a), (a))
AIMLOCK_WRAP(int, remove, (const char* a), (a))
AIMLOCK_WRAP(int, fsync, (int a), (a))
AIMLOCK_WRAP(int, ftruncate, (int a, off_t b), (a, b))
AIMLOCK_WRAP(int, fchmod, (int a, mode_t b), (a, b))
AIMLOCK_WRAP(int, chmod, (const char* a, mode_t b), (a, b))
AIMLOCK_WRAP(int, fchmodat, (int a, const char* b, mode_t c, int d), (a, b, c, d))

char* mkdtemp(char* pattern) {
    static auto* const next = real(&::mkdtemp, "mkdtemp");
    return strikes() ? nullptr : next(pattern);
}

ssize_t copy_file_range(int a, off64_t* b, int c, off64_t* d, size_t e, unsigned f) {
    static auto* const next = real(&::copy_file_range, "copy_file_range");
    return strikes() ? -1 : next(a, b, c, d, e, f);
}

ssize_t write(int file, const void* bytes, size_t size) {
    static auto* const next = real(&::write, "write");
    if (!is_file(file) || !strikes(true)) return next(file, bytes, size);
    if (mode != Mode::kill) return -1;
    next(file, bytes, size / 2);
    ::kill(::getpid(), SIGKILL);
    return -1;
}

ssize_t writev(int file, const struct iovec* pieces, int count) {
    static auto* const next = real(&::writev, "writev");
    return is_file(file) && strikes() ? -1 : next(file, pieces, count);
}

int open(const char* path, int flags, ...) {
    static auto* const next = real(&::open, "open");
    va_list rest;
    va_start(rest, flags);
    const mode_t bits = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if ((flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0 && strikes()) return -1;
    return next(path, flags, bits);
}

int openat(int folder, const char* path, int flags, ...) {
    static auto* const next = real(&::openat, "openat");
    va_list rest;
    va_start(rest, flags);
    const mode_t bits = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if ((flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0 && strikes()) return -1;
    return next(folder, path, flags, bits);
}

}  // extern "C"
