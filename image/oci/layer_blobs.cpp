#include "image/oci/layer_blobs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/open_file.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> read_failure(const fs::path& file, int error) {
    return fail(ErrorCode::io,
                fmt::format("cannot read {}: {}", file.string(), std::generic_category().message(error)));
}

using Inode = std::pair<std::uint64_t, std::uint64_t>;

/// The member that `path` below `root` becomes; its second name's inode where it may have one.
Result<LayerEntry> entry_of(const fs::path& root,
                            const fs::path& path,
                            std::map<Inode, std::vector<std::string>>& names) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return read_failure(path, errno);
    LayerEntry entry;
    entry.member.path = path.lexically_relative(root).string();
    if (S_ISDIR(status.st_mode)) {
        entry.member.kind = LayerMember::Kind::folder;
        entry.member.mode = 0755;
        return entry;
    }
    if (S_ISLNK(status.st_mode)) {
        std::error_code error;
        entry.member.kind = LayerMember::Kind::symlink;
        entry.member.link = fs::read_symlink(path, error).string();
        entry.member.mode = 0777;
        if (error) return read_failure(path, error.value());
        return entry;
    }
    if (!S_ISREG(status.st_mode))
        return fail(ErrorCode::refused, fmt::format("{} is no file, folder or link", path.string()));
    entry.member.size_bytes = static_cast<std::uint64_t>(status.st_size);
    entry.member.mode = (status.st_mode & S_IXUSR) != 0 ? 0755 : 0644;
    entry.source = path;
    if (status.st_nlink > 1) names[{status.st_dev, status.st_ino}].push_back(entry.member.path);
    return entry;
}

/// Writes the parts of one layer, one after another.
class PartWriter {
public:
    PartWriter(LayerCompression compression,
               std::uint64_t limit,
               BlockPool& pool,
               const std::function<fs::path(std::size_t)>& file)
        : compression_(compression), limit_(limit), pool_(pool), file_(file) {}

    Result<void> add(const LayerEntry& entry) {
        Result<void> done;
        if (!part_) done = begin({});
        if (done) done = make_room(entry);
        if (!done) return done;
        LayerMember member = entry.member;
        const auto first = written_.find(member.link);
        const bool links = member.kind == LayerMember::Kind::hardlink;
        if (links && (first == written_.end() || first->second != parts_.size())) {
            // The file that it is a name of lies in a part before: here it is the file.
            member.kind = LayerMember::Kind::file;
            member.link.clear();
        }
        written_[member.path] = parts_.size();
        if (member.kind == LayerMember::Kind::folder) folders_[member.path] = member;
        done = part_->append(tar_header(member));
        if (done && member.kind == LayerMember::Kind::file) done = content(entry, member);
        has_members_ = true;
        return done;
    }

    Result<std::vector<LayerBlob>> finish() {
        Result<void> done;
        if (!part_) done = begin({});
        if (done) done = end();
        if (!done) return tl::make_unexpected(done.error());
        return std::move(parts_);
    }

private:
    Result<void> begin(const std::string& path) {
        auto part = BlobWriter::create(file_(parts_.size()), compression_, pool_);
        if (!part) return tl::make_unexpected(part.error());
        part_.emplace(std::move(*part));
        has_members_ = false;
        for (std::size_t slash = path.find('/'); slash != std::string::npos;
             slash = path.find('/', slash + 1)) {
            const auto folder = folders_.find(path.substr(0, slash));
            if (folder == folders_.end()) continue;
            if (auto done = part_->append(tar_header(folder->second)); !done) return done;
        }
        return {};
    }

    Result<void> end() {
        if (auto done = part_->append(tar_end()); !done) return done;
        auto blob = part_->finish();
        if (!blob) return tl::make_unexpected(blob.error());
        parts_.push_back(*blob);
        part_.reset();
        return {};
    }

    /// Ends the part where `entry` would not fit any more.
    Result<void> make_room(const LayerEntry& entry) {
        if (!has_members_) return {};
        constexpr std::uint64_t around = 8192;  // headers, padding, the end
        const auto fits = part_->has_room(entry.member.size_bytes + around, limit_);
        if (!fits) return tl::make_unexpected(fits.error());
        if (*fits) return {};
        if (auto ended = end(); !ended) return ended;
        return begin(entry.member.path);
    }

    Result<void> content(const LayerEntry& entry, const LayerMember& member) {
        auto done = entry.source.empty() ? part_->append(entry.content) : copy(entry.source, member);
        return done ? part_->append(tar_padding(member.size_bytes)) : done;
    }

    Result<void> copy(const fs::path& source, const LayerMember& member) {
        const OpenFile in(::open(source.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        if (in.number() < 0) return read_failure(source, errno);
        std::uint64_t left = member.size_bytes;
        while (left != 0) {
            const ::ssize_t got =
                ::read(in.number(), buffer_.data(), std::min<std::uint64_t>(left, buffer_.size()));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return read_failure(source, errno);
            if (got == 0)
                return fail(ErrorCode::io, fmt::format("{} changed while it was read", source.string()));
            left -= static_cast<std::uint64_t>(got);
            if (auto done = part_->append({buffer_.data(), static_cast<std::size_t>(got)}); !done)
                return done;
        }
        return {};
    }

    LayerCompression compression_;
    std::uint64_t limit_;
    BlockPool& pool_;
    const std::function<fs::path(std::size_t)>& file_;
    std::optional<BlobWriter> part_;
    bool has_members_ = false;
    std::vector<LayerBlob> parts_;
    std::unordered_map<std::string, std::size_t> written_;  // path -> the part that has it
    std::unordered_map<std::string, LayerMember> folders_;
    std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10U);
};

}  // namespace

Result<std::vector<LayerEntry>> entries_below(const fs::path& root) {
    std::vector<LayerEntry> entries;
    std::map<Inode, std::vector<std::string>> names;
    std::error_code error;
    for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
        auto entry = entry_of(root, at->path(), names);
        if (!entry) return tl::make_unexpected(entry.error());
        entries.push_back(std::move(*entry));
    }
    if (error) return read_failure(root, error.value());
    std::ranges::sort(entries, {}, [](const LayerEntry& e) -> const std::string& { return e.member.path; });
    // A file that a store shares has names outside the root too: only those inside count.
    for (auto& [inode, paths] : names) {
        std::ranges::sort(paths);
        for (std::size_t i = 1; i < paths.size(); ++i) {
            const auto entry = std::ranges::lower_bound(
                entries, paths[i], {},
                [](const LayerEntry& e) -> const std::string& { return e.member.path; });
            entry->member.kind = LayerMember::Kind::hardlink;
            entry->member.link = paths.front();
        }
    }
    return entries;
}

Result<std::vector<LayerBlob>> write_layer_blobs(const std::vector<LayerEntry>& entries,
                                                 LayerCompression compression,
                                                 std::uint64_t limit_bytes,
                                                 BlockPool& pool,
                                                 const std::function<fs::path(std::size_t part)>& file) {
    PartWriter writer(compression, limit_bytes, pool, file);
    for (const LayerEntry& entry : entries) {
        if (auto added = writer.add(entry); !added) return tl::make_unexpected(added.error());
    }
    return writer.finish();
}

}  // namespace aimlock
