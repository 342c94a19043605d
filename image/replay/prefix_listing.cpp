#include "image/replay/prefix_listing.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "image/replay/output_file.hpp"

namespace aimlock {
namespace {

constexpr std::string_view first_line = "aimlock files 1\n";

/// Size and time at `path`; `link`: it must be one, whose size is its text's.
bool status_of(int folder, const char* path, bool link, std::uint64_t& size_bytes, std::int64_t& changed_ns) {
    struct stat status {};
    if (::fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if ((status.st_mode & S_IFMT) != (link ? S_IFLNK : S_IFREG)) return false;
    size_bytes = static_cast<std::uint64_t>(status.st_size);
    changed_ns = changed_ns_of(status);
    return true;
}

template <typename Number>
bool take_number(std::string_view& line, Number& number) {
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr == end || *parsed.ptr != ' ') return false;
    line.remove_prefix(static_cast<std::size_t>(parsed.ptr - line.data()) + 1);
    return true;
}

bool line_holds(std::string_view line, int folder, std::string& path) {
    if (line.size() < 2 || line[1] != ' ') return false;
    const bool link = line[0] == 'l';
    line.remove_prefix(2);
    std::uint64_t listed_size = 0;
    std::int64_t listed_time = 0;
    if (!take_number(line, listed_size) || !take_number(line, listed_time)) return false;
    path.assign(line);
    std::uint64_t size = 0;
    std::int64_t time = 0;
    return status_of(folder, path.c_str(), link, size, time) && size == listed_size && time == listed_time;
}

}  // namespace

Result<std::string> prefix_listing(const std::vector<ReplayedPackage>& packages,
                                   const std::filesystem::path& folder) {
    const auto handle = FolderHandle::open(folder.string());
    if (!handle) return tl::make_unexpected(handle.error());
    std::string text(first_line);
    for (const ReplayedPackage& package : packages) {
        for (const ReplayedFile& file : package.files) {
            if (file.kind == ReplayedFile::Kind::folder) continue;
            const bool link = file.kind == ReplayedFile::Kind::link;
            std::uint64_t size = file.size_bytes;
            std::int64_t time = file.changed_ns;
            if (time == 0 && !status_of(handle->descriptor(), file.path.c_str(), link, size, time))
                return errno_failure("read", file.path);
            fmt::format_to(std::back_inserter(text), "{} {} {} {}\n", link ? 'l' : 'f', size, time,
                           file.path);
        }
    }
    return sha256_of(text).hex() + "\n" + text;
}

bool is_as_listed(std::string_view listing, const std::filesystem::path& folder, unsigned threads) {
    constexpr std::size_t digest_size = 65;
    if (listing.size() < digest_size) return false;
    const auto digest = Sha256::from_hex(listing.substr(0, digest_size - 1));
    listing.remove_prefix(digest_size);
    if (!digest || sha256_of(listing) != *digest || !listing.starts_with(first_line)) return false;
    listing.remove_prefix(first_line.size());
    std::vector<std::string_view> lines;
    while (!listing.empty()) {
        const std::size_t end = std::min(listing.find('\n'), listing.size());
        lines.push_back(listing.substr(0, end));
        listing.remove_prefix(std::min(listing.size(), end + 1));
    }
    const auto handle = FolderHandle::open(folder.string());
    if (!handle) return false;
    constexpr std::size_t piece = 512;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> same{true};
    const auto work = [&] {
        std::string path;
        for (std::size_t at = next.fetch_add(piece); at < lines.size() && same; at = next.fetch_add(piece)) {
            for (std::size_t i = at; i < std::min(at + piece, lines.size()); ++i) {
                if (!line_holds(lines[i], handle->descriptor(), path)) same = false;
            }
        }
    };
    std::vector<std::jthread> workers;
    const unsigned most = threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 1; i < most && i * 4 * piece < lines.size(); ++i) workers.emplace_back(work);
    work();
    workers.clear();
    return same;
}

}  // namespace aimlock
