#include "image/replay/fixed_times.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace aimlock {
namespace {

namespace fs = std::filesystem;

Result<void> fix_time(const fs::path& path) {
    const std::array<::timespec, 2> times{::timespec{fixed_time_s, 0}, ::timespec{fixed_time_s, 0}};
    if (::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0) return {};
    const std::string reason = std::generic_category().message(errno);
    return fail(ErrorCode::io, fmt::format("cannot set the time of {}: {}", path.string(), reason));
}

}  // namespace

Result<void> fix_times(const fs::path& prefix, const fs::path& root) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(prefix, error), end; !error && at != end; at.increment(error)) {
        if (auto fixed = fix_time(at->path()); !fixed) return fixed;
    }
    if (error)
        return fail(ErrorCode::io, fmt::format("cannot read {}: {}", prefix.string(), error.message()));
    for (fs::path folder = prefix;; folder = folder.parent_path()) {
        if (auto fixed = fix_time(folder); !fixed) return fixed;
        if (fs::equivalent(folder, root, error) || !folder.has_relative_path()) return {};
    }
}

}  // namespace aimlock
