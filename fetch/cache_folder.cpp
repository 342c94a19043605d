#include "fetch/cache_folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/archive/mapped_file.hpp"
#include "fetch/http_cache.hpp"
#include "solver/base/digest.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, cache_kinds> names{"repodata", "pages",    "metadata", "absences",
                                                          "other",    "archives", "leftovers"};

bool is_leftover(const fs::path& file) {
    return file.extension() == ".part" || file.extension() == ".lock";
}

CacheKind kind_of(const fs::path& file) {
    if (is_leftover(file)) return CacheKind::leftovers;
    if (file.parent_path().parent_path().filename() == "store") return CacheKind::archives;
    const auto document = read_cached_document(file, nullptr, false);
    if (!document) return CacheKind::other;
    if (document->status != 200) return CacheKind::absences;
    if (document->coding.starts_with("repodata ")) return CacheKind::repodata;
    if (document->coding.starts_with("page ")) return CacheKind::pages;
    if (document->coding.starts_with("metadata ")) return CacheKind::metadata;
    return CacheKind::other;
}

bool is_of_older_version(const fs::path& file) {
    constexpr std::string_view begin = "aimlock-document 1\n";
    std::string head(begin.size(), '\0');
    std::ifstream in(file, std::ios::binary);
    return in.read(head.data(), static_cast<std::streamsize>(head.size())) && head == begin;
}

/// The later of the times at which it was written and, where the file system keeps that, read.
fs::file_time_type last_used(const struct stat& status) {
    const struct timespec& latest =
        status.st_atim.tv_sec > status.st_mtim.tv_sec ? status.st_atim : status.st_mtim;
    const auto since_1970 = std::chrono::seconds(latest.tv_sec) + std::chrono::nanoseconds(latest.tv_nsec);
    return fs::file_time_type::clock::from_sys(std::chrono::sys_time<std::chrono::nanoseconds>(since_1970));
}

/// `<name>.<pid>.<n>.part` of a process that runs.
bool writer_lives(const fs::path& part) {
    const std::string stem = part.stem().stem().string();  // less ".part" and ".<n>"
    const std::string_view pid_text = std::string_view(stem).substr(stem.rfind('.') + 1);
    pid_t pid = 0;
    const auto [end, failed] = std::from_chars(pid_text.data(), pid_text.data() + pid_text.size(), pid);
    if (failed != std::errc{} || end != pid_text.data() + pid_text.size() || pid <= 0) return false;
    return ::kill(pid, 0) == 0 || errno == EPERM;
}

bool remove_leftover(const fs::path& file) {
    if (file.extension() == ".part") return !writer_lives(file) && ::unlink(file.c_str()) == 0;
    const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return false;
    const bool free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    const bool gone = free && ::unlink(file.c_str()) == 0;
    ::close(fd);
    return gone;
}

}  // namespace

std::string_view cache_kind_name(CacheKind kind) {
    return names[static_cast<std::size_t>(kind)];
}

Result<std::vector<CacheEntry>> CacheFolder::entries() const {
    std::vector<CacheEntry> found;
    for (const char* part : {"http", "store"}) {
        std::error_code failed;
        fs::recursive_directory_iterator at(folder_ / part, failed);
        if (failed == std::errc::no_such_file_or_directory) continue;
        for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
            struct stat status {};
            const fs::path& file = at->path();
            if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
            if (file == folder_ / "http" / "lock") continue;
            found.push_back(
                {file, kind_of(file), static_cast<std::uint64_t>(status.st_size), last_used(status)});
        }
        if (failed) {
            return fail(ErrorCode::io, (folder_ / part).string() + ": cannot list: " + failed.message());
        }
    }
    std::ranges::sort(found, {}, &CacheEntry::file);
    return found;
}

bool CacheFolder::is_whole(const CacheEntry& entry) {
    if (entry.kind == CacheKind::leftovers) return false;
    if (entry.kind != CacheKind::archives)
        return read_cached_document(entry.file) || is_of_older_version(entry.file);
    const auto expected = Sha256::from_hex(entry.file.filename().string().substr(0, 64));
    const auto content = MappedFile::open(entry.file);
    return expected && content && sha256_of(content->bytes()) == *expected;
}

bool CacheFolder::is_outdated(const CacheEntry& entry) {
    return entry.kind == CacheKind::other && is_of_older_version(entry.file);
}

CacheFolder::Removed CacheFolder::remove(const std::vector<CacheEntry>& entries) {
    Removed removed;
    for (const CacheEntry& entry : entries) {
        const bool gone = entry.kind == CacheKind::leftovers ? remove_leftover(entry.file)
                                                             : ::unlink(entry.file.c_str()) == 0;
        if (!gone) continue;
        ++removed.files;
        removed.bytes += entry.bytes;
    }
    return removed;
}

std::optional<std::chrono::seconds> parse_age(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failed != std::errc{} || end + 1 != text.data() + text.size() || count < 0 || count > 1'000'000)
        return std::nullopt;
    switch (*end) {
        case 'd':
            return std::chrono::hours(24 * count);
        case 'h':
            return std::chrono::hours(count);
        case 'm':
            return std::chrono::minutes(count);
        case 's':
            return std::chrono::seconds(count);
        default:
            return std::nullopt;
    }
}

}  // namespace aimlock
