#include "cli/wiring/files.hpp"

#include <fstream>
#include <utility>

#include <errno.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/signals.hpp"
#include "fetch/open_file.hpp"

namespace aimlock::cli {
namespace {

std::string reason(int error) {
    if (error == EACCES || error == EPERM)
        return fmt::format("permission denied for user id {}", ::geteuid());
    return ::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is
}

tl::unexpected<Error> cannot_write(const std::filesystem::path& file, int error) {
    return fail(ErrorCode::io, fmt::format("cannot write {}: {}", file.string(), reason(error)));
}

/// 0, or the errno of what failed.
int write_and_sync(int fd, std::string_view text, ::mode_t mode) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fchmod(fd, mode) != 0) return errno;
    return ::fsync(fd) == 0 ? 0 : errno;
}

/// The mode of the file that is replaced, else that of a new file under the process's umask.
::mode_t mode_for(const std::filesystem::path& file) {
    struct ::stat status {};
    if (::stat(file.c_str(), &status) == 0) return status.st_mode & 07777U;
    const ::mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666U & ~mask;
}

/// Makes a rename last; a file system that cannot sync a folder has nothing to make last.
void sync_folder(const std::filesystem::path& folder) {
    const OpenFile opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number() >= 0) ::fsync(opened.number());
}

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& file,
                                   std::string_view what,
                                   std::uintmax_t limit_bytes) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status))
        return fail(ErrorCode::not_found, fmt::format("there is no {} {}", what, file.string()));
    if (!std::filesystem::is_regular_file(status))
        return fail(ErrorCode::io, fmt::format("{} is not a file", file.string()));
    if (std::filesystem::file_size(file, error) > limit_bytes || error) {
        return fail(ErrorCode::io, fmt::format("{} is too large for a {}", file.string(), what));
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::io, fmt::format("cannot read {}: {}", file.string(), reason(errno)));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return fail(ErrorCode::io, fmt::format("cannot read {}", file.string()));
    return text;
}

Result<void> write_file_atomically(const std::filesystem::path& file, std::string_view text) {
    std::error_code ignored;
    const bool is_link = std::filesystem::is_symlink(file, ignored);
    const std::filesystem::path target = is_link ? std::filesystem::weakly_canonical(file, ignored) : file;
    const std::filesystem::path folder =
        target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
    // A fixed name per process: registered before it exists, so that no signal finds a file that nobody
    // knows.
    TemporaryFile temporary(folder / fmt::format(".{}.{}.tmp", target.filename().string(), ::getpid()));
    OpenFile out(
        ::open(temporary.path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (out.number() < 0) return cannot_write(file, errno);
    if (const int failure = write_and_sync(out.number(), text, mode_for(target)); failure != 0)
        return cannot_write(file, failure);
    if (const int failure = out.close(); failure != 0) return cannot_write(file, failure);
    if (::rename(temporary.path().c_str(), target.c_str()) != 0) return cannot_write(file, errno);
    temporary.release();
    sync_folder(folder);
    return {};
}

}  // namespace aimlock::cli
