#include "fetch/archive/layer_lookup.hpp"

#include <memory>
#include <set>
#include <string_view>
#include <system_error>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/atomic_file.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

struct Close {
    void operator()(::archive* reader) const noexcept { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<::archive, Close>;

constexpr std::int64_t most_content = 1 << 20;
constexpr std::string_view whiteout = ".wh.";
constexpr std::string_view opaque = ".wh..wh..opq";

tl::unexpected<Error> broken(::archive* reader, const fs::path& file) {
    const char* why = ::archive_error_string(reader);
    return fail(ErrorCode::archive, fmt::format("{} is no layer that reads: {}", file.string(),
                                                why != nullptr ? why : "unknown cause"));
}

Result<Reader> open(const fs::path& file) {
    Reader reader(::archive_read_new());
    if (reader == nullptr) return fail(ErrorCode::internal, "libarchive gives no reader");
    const bool ready = ::archive_read_support_filter_gzip(reader.get()) == ARCHIVE_OK &&
                       ::archive_read_support_filter_zstd(reader.get()) == ARCHIVE_OK &&
                       ::archive_read_support_format_tar(reader.get()) == ARCHIVE_OK &&
                       ::archive_read_support_format_empty(reader.get()) == ARCHIVE_OK;
    constexpr std::size_t piece = std::size_t{256} << 10U;
    if (!ready || ::archive_read_open_filename(reader.get(), file.c_str(), piece) != ARCHIVE_OK)
        return broken(reader.get(), file);
    return reader;
}

/// "./etc/passwd", "/etc/passwd/" -> "etc/passwd".
std::string normal_form(const char* raw) {
    std::string path;
    std::string_view rest = raw != nullptr ? std::string_view(raw) : std::string_view{};
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        if (part.empty() || part == ".") continue;
        if (!path.empty()) path += '/';
        path += part;
    }
    return path;
}

bool lies_below(std::string_view path, std::string_view folder) {
    return folder.empty() ||
           (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

Result<RootEntry> entry_of(::archive* reader, ::archive_entry* raw, const fs::path& file) {
    RootEntry entry;
    entry.mode = ::archive_entry_perm(raw);
    entry.user = static_cast<std::uint32_t>(::archive_entry_uid(raw));
    entry.group = static_cast<std::uint32_t>(::archive_entry_gid(raw));
    const bool is_file =
        ::archive_entry_filetype(raw) == AE_IFREG && ::archive_entry_hardlink(raw) == nullptr;
    entry.kind = ::archive_entry_filetype(raw) == AE_IFDIR ? RootEntry::Kind::folder
                 : is_file                                 ? RootEntry::Kind::file
                                                           : RootEntry::Kind::other;
    const std::int64_t size = ::archive_entry_size(raw);
    if (!is_file || size <= 0 || size > most_content) return entry;
    entry.content.resize(static_cast<std::size_t>(size));
    const ::la_ssize_t got = ::archive_read_data(reader, entry.content.data(), entry.content.size());
    if (got != size) return broken(reader, file);
    return entry;
}

/// What one layer takes away: whole paths with all below them, and what lower layers have in a folder.
struct Removed {
    std::set<std::string, std::less<>> paths;
    std::set<std::string, std::less<>> contents;

    [[nodiscard]] bool covers(std::string_view path) const {
        for (const std::string& gone : paths) {
            if (path == gone || lies_below(path, gone)) return true;
        }
        for (const std::string& folder : contents) {
            if (lies_below(path, folder)) return true;
        }
        return false;
    }
};

/// Takes note of an entry that takes something of the layers below away.
void note_removal(const std::string& path, bool is_folder, const RootLookup& lookup, Removed& removed) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? std::string() : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name == opaque) {
        removed.contents.insert(folder);
    } else if (name.starts_with(whiteout)) {
        removed.paths.insert((folder.empty() ? "" : folder + "/") + name.substr(whiteout.size()));
    } else if (!is_folder) {
        for (const auto& [wanted, known] : lookup) {
            if (lies_below(wanted, path) && !path.empty()) removed.paths.insert(path);
        }
    }
}

}  // namespace

Result<void> look_up_in_layer(const fs::path& file, RootLookup& lookup) {
    auto reader = open(file);
    if (!reader) return tl::make_unexpected(reader.error());
    Removed removed;
    std::map<std::string, RootEntry> found;
    for (;;) {
        ::archive_entry* raw = nullptr;
        const int status = ::archive_read_next_header(reader->get(), &raw);
        if (status == ARCHIVE_EOF) break;
        // A name that this locale cannot spell is none that is looked for.
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return broken(reader->get(), file);
        const std::string path = normal_form(::archive_entry_pathname(raw));
        note_removal(path, ::archive_entry_filetype(raw) == AE_IFDIR, lookup, removed);
        const auto wanted = lookup.find(path);
        if (wanted == lookup.end() || wanted->second) continue;
        auto entry = entry_of(reader->get(), raw, file);
        if (!entry) return tl::make_unexpected(entry.error());
        found[path] = std::move(*entry);
    }
    for (auto& [path, known] : lookup) {
        if (known) continue;
        if (const auto here = found.find(path); here != found.end()) {
            known = std::move(here->second);
        } else if (removed.covers(path)) {
            known = RootEntry{};
        }
    }
    return {};
}

Result<void> unpack_saved_image(const fs::path& archive, const fs::path& folder, std::uint64_t most_bytes) {
    auto reader = open(archive);
    if (!reader) return tl::make_unexpected(reader.error());
    for (;;) {
        ::archive_entry* raw = nullptr;
        const int status = ::archive_read_next_header(reader->get(), &raw);
        if (status == ARCHIVE_EOF) return {};
        if (status != ARCHIVE_OK) return broken(reader->get(), archive);
        const char* name = ::archive_entry_pathname(raw);
        const auto path = safe_entry_path(name != nullptr ? name : "");
        if (!path) return tl::make_unexpected(path.error());
        std::error_code error;
        fs::create_directories((folder / *path).parent_path(), error);
        if (::archive_entry_filetype(raw) == AE_IFLNK) {
            // Docker writes a layer that two images share once, and links to it.
            const char* target = ::archive_entry_symlink(raw);
            const auto inside = safe_link_target(*path, target != nullptr ? target : "");
            if (!inside) return tl::make_unexpected(inside.error());
            fs::create_symlink(target, folder / *path, error);
            if (error) return fail(ErrorCode::io, fmt::format("cannot write {}: {}", *path, error.message()));
            continue;
        }
        if (::archive_entry_filetype(raw) != AE_IFREG) continue;
        auto out = AtomicFile::create(folder / *path);
        if (!out) return tl::make_unexpected(out.error());
        for (;;) {
            const void* piece = nullptr;
            std::size_t size = 0;
            std::int64_t offset = 0;
            const int read = ::archive_read_data_block(reader->get(), &piece, &size, &offset);
            if (read == ARCHIVE_EOF) break;
            if (read != ARCHIVE_OK) return broken(reader->get(), archive);
            if (size > most_bytes)
                return fail(ErrorCode::archive,
                            fmt::format("{} holds more than an image may", archive.string()));
            most_bytes -= size;
            if (auto written = out->write({static_cast<const char*>(piece), size}); !written) return written;
        }
        if (auto written = out->commit(); !written) return written;
    }
}

}  // namespace aimlock
