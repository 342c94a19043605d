#include "image/replay/prefix_state.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/replay/prefix_marker_json.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view staged_suffix = ".aimlock-new-";
constexpr std::string_view aside_suffix = ".aimlock-old-";

tl::unexpected<Error> io_error(std::string_view doing, const fs::path& file, int error) {
    return fail(ErrorCode::io, fmt::format("cannot {} {}: {}", doing, file.string(), std::strerror(error)));
}

/// Siblings of `prefix` whose name goes on with `suffix` and mkdtemp's six characters.
std::vector<fs::path> siblings(const fs::path& prefix, std::string_view suffix) {
    std::vector<fs::path> found;
    const std::string start = prefix.filename().string() + std::string(suffix);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(prefix.parent_path(), error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(start) && name.size() == start.size() + 6) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

/// An installation that was killed between its two renames left the old prefix aside: it goes back.
Result<void> clear_leftovers(const fs::path& prefix) {
    std::error_code error;
    for (const fs::path& aside : siblings(prefix, aside_suffix)) {
        if (!fs::exists(fs::symlink_status(prefix, error))) {
            fs::rename(aside, prefix, error);
        } else {
            fs::remove_all(aside, error);
        }
        if (error)
            return fail(ErrorCode::io, fmt::format("cannot clear {}: {}", aside.string(), error.message()));
    }
    for (const fs::path& staged : siblings(prefix, staged_suffix)) {
        fs::remove_all(staged, error);
        if (error)
            return fail(ErrorCode::io, fmt::format("cannot remove {}: {}", staged.string(), error.message()));
    }
    return {};
}

Result<void> sync_folder(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return io_error("open", folder, errno);
    // Some file systems cannot sync a folder; the rename is done all the same.
    ::fsync(descriptor);
    ::close(descriptor);
    return {};
}

}  // namespace

std::string marker_path(const std::string& part) {
    return part.empty() ? "conda-meta/aimlock-lock" : fmt::format("conda-meta/aimlock-lock.{}", part);
}

bool has_marker(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder / "conda-meta", error)) {
        const std::string name = entry.path().filename().string();
        if (name == "aimlock-lock" || name.starts_with("aimlock-lock.")) return true;
    }
    return false;
}

Result<void> write_marker(const fs::path& folder, const std::string& path, const PrefixMarker& marker) {
    const std::string text = marker_json(marker);
    const fs::path file = folder / path;
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor < 0) return io_error("create", file, errno);
    const ::ssize_t written = ::write(descriptor, text.data(), text.size());
    const bool complete = written == static_cast<::ssize_t>(text.size()) && ::fchmod(descriptor, 0644) == 0 &&
                          ::fsync(descriptor) == 0;
    const int error = errno;
    if (::close(descriptor) != 0 || !complete) return io_error("write", file, error);
    return {};
}

std::optional<PrefixMarker> read_marker(const fs::path& folder, const std::string& path) {
    std::ifstream in(folder / path, std::ios::binary);
    if (!in) return std::nullopt;
    return marker_of(std::string{std::istreambuf_iterator<char>(in), {}});
}

Result<PrefixGuard> PrefixGuard::acquire(const fs::path& prefix) {
    std::error_code error;
    fs::create_directories(prefix.parent_path(), error);
    if (error) {
        return fail(ErrorCode::io,
                    fmt::format("cannot create {}: {}", prefix.parent_path().string(), error.message()));
    }
    const fs::path file = prefix.parent_path() / fmt::format(".{}.aimlock-lock", prefix.filename().string());
    auto lock = FileLock::acquire(file);
    if (!lock) return tl::make_unexpected(lock.error());
    auto cleared = clear_leftovers(prefix);
    if (!cleared) return tl::make_unexpected(cleared.error());
    return PrefixGuard(std::move(*lock));
}

Result<StagingFolder> StagingFolder::create(const fs::path& prefix) {
    std::string pattern = prefix.string() + std::string(staged_suffix) + "XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) return io_error("create a folder like", pattern, errno);
    StagingFolder staging(pattern, prefix);
    if (::chmod(pattern.c_str(), 0755) != 0) return io_error("set the mode of", pattern, errno);
    return staging;
}

StagingFolder::StagingFolder(StagingFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), prefix_(std::move(other.prefix_)) {}

StagingFolder::~StagingFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<void> StagingFolder::put_in_place() {
    const auto rename_with = [&](unsigned flags) {
        return ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, prefix_.c_str(), flags) == 0;
    };
    // Nothing there, or an empty folder: one rename. Else the two folders change places, and ours is then the
    // old one.
    if (::rename(path_.c_str(), prefix_.c_str()) == 0) {
        path_.clear();
        return sync_folder(prefix_.parent_path());
    }
    if (errno != ENOTEMPTY && errno != EEXIST) return io_error("create", prefix_, errno);
    if (!rename_with(RENAME_EXCHANGE)) {
        if (errno != EINVAL && errno != ENOSYS) return io_error("replace", prefix_, errno);
        std::string aside = prefix_.string() + std::string(aside_suffix) + "XXXXXX";
        if (::mkdtemp(aside.data()) == nullptr) return io_error("create a folder like", aside, errno);
        if (::rename(prefix_.c_str(), aside.c_str()) != 0) return io_error("replace", prefix_, errno);
        if (::rename(path_.c_str(), prefix_.c_str()) != 0) {
            auto error = io_error("create", prefix_, errno);
            if (::rename(aside.c_str(), prefix_.c_str()) != 0)
                error.value().hint = "The old one lies in " + aside + ".";
            return error;
        }
        path_ = aside;
    }
    auto synced = sync_folder(prefix_.parent_path());
    std::error_code ignored;
    fs::remove_all(std::exchange(path_, {}), ignored);
    return synced;
}

PrefixChanges changes_of(const Inventory& inventory) {
    PrefixChanges changes;
    std::unordered_set<std::string> known;
    std::set<std::string> edited;
    for (const InstalledPackage& package : inventory.packages) {
        known.insert(package.record_path);
        for (const InstalledFile& file : package.files) {
            known.insert(file.path);
            const auto found = inventory.files.find(file.path);
            const bool is_missing = found == inventory.files.end();
            if (is_missing ? !file.path.ends_with(".pyc")
                           : file.has_hash && found->second.sha256 != file.sha256) {
                edited.insert(file.path);
            }
        }
    }
    changes.edited.assign(edited.begin(), edited.end());
    for (const auto& [path, file] : inventory.files) {
        if (file.kind == InventoryFile::Kind::directory || known.contains(path)) continue;
        const bool own = path.starts_with("conda-meta/aimlock-") || path == "conda-meta/history";
        const bool code = path.ends_with(".pyc") && path.find("__pycache__/") != std::string::npos;
        if (!own && !code) changes.extra.push_back(path);
    }
    return changes;
}

Result<void> carry_over(const fs::path& prefix,
                        const fs::path& staged,
                        const std::vector<std::string>& extra) {
    for (const std::string& path : extra) {
        std::error_code error;
        const fs::path to = staged / path;
        if (fs::exists(fs::symlink_status(to, error))) continue;
        fs::create_directories(to.parent_path(), error);
        // A folder of the old prefix may be a file of the new one: then the extra file has no place any more.
        if (error)
            return fail(ErrorCode::refused, fmt::format("`{}` has no place in the new environment", path));
        if (::link((prefix / path).c_str(), to.c_str()) == 0) continue;
        fs::copy(prefix / path, to, fs::copy_options::copy_symlinks, error);
        if (error) return fail(ErrorCode::io, fmt::format("cannot copy {}: {}", path, error.message()));
    }
    return {};
}

}  // namespace aimlock
