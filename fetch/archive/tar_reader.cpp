#include "fetch/archive/tar_reader.hpp"

#include <algorithm>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

struct Close {
    void operator()(::archive* reader) const noexcept { ::archive_read_free(reader); }
};

/// libarchive converts names by the locale; PAX names are UTF-8 already and fail that in the C locale, plain
/// ustar names are bytes and fail the other way. Whichever it can give is the archive's own text.
std::string_view text_of(const char* utf8, const char* raw) {
    if (utf8 != nullptr) return utf8;
    return raw != nullptr ? std::string_view(raw) : std::string_view{};
}

/// A warning means that a header was understood only in part, which no package needs, but for one: a PAX name
/// is not spelled in the current locale (C in image builds). Its UTF-8 form is there all the same.
bool only_the_locale(::archive* reader) {
    const char* why = ::archive_error_string(reader);
    return why != nullptr &&
           std::string_view(why).find("can't be converted from UTF-8") != std::string_view::npos;
}

}  // namespace

struct TarReader::State {
    std::unique_ptr<::archive, Close> reader;
    std::uint64_t left = 0;  ///< of the allowance
    std::uint64_t most = 0;
    std::uint64_t entry_left = 0;
    std::string path;

    [[nodiscard]] tl::unexpected<Error> broken() const {
        const char* why = ::archive_error_string(reader.get());
        return fail(ErrorCode::archive,
                    fmt::format("the tar does not read: {}", why != nullptr ? why : "unknown cause"));
    }
};

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::~TarReader() = default;
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;

Result<TarReader> TarReader::open(std::string_view bytes,
                                  TarCompression compression,
                                  std::uint64_t most_bytes) {
    auto state = std::make_unique<State>();
    state->reader.reset(::archive_read_new());
    state->left = state->most = most_bytes;
    ::archive* reader = state->reader.get();
    if (reader == nullptr) return fail(ErrorCode::internal, "libarchive gives no reader");
    // Only what is asked for: every further format is one more parser that a hostile file could reach.
    const auto support = [&] {
        switch (compression) {
            case TarCompression::zstd:
                return ::archive_read_support_filter_zstd(reader);
            case TarCompression::bzip2:
                return ::archive_read_support_filter_bzip2(reader);
            case TarCompression::gzip:
                return ::archive_read_support_filter_gzip(reader);
            case TarCompression::none:
                break;
        }
        return ARCHIVE_OK;
    };
    const int filter = support();
    if (filter != ARCHIVE_OK || ::archive_read_support_format_tar(reader) != ARCHIVE_OK ||
        ::archive_read_open_memory(reader, bytes.data(), bytes.size()) != ARCHIVE_OK) {
        return state->broken();
    }
    return TarReader(std::move(state));
}

Result<std::optional<TarEntry>> TarReader::next() {
    ::archive* reader = state_->reader.get();
    ::archive_entry* raw = nullptr;
    const int status = ::archive_read_next_header(reader, &raw);
    if (status == ARCHIVE_EOF) return std::optional<TarEntry>{};
    if (status != ARCHIVE_OK && !(status == ARCHIVE_WARN && only_the_locale(reader))) return state_->broken();
    auto path = safe_entry_path(text_of(::archive_entry_pathname_utf8(raw), ::archive_entry_pathname(raw)));
    if (!path) return tl::make_unexpected(path.error());
    TarEntry entry;
    entry.path = std::move(*path);
    entry.executable = (::archive_entry_perm(raw) & 0100) != 0;
    const auto refused = [&](std::string_view why) {
        return fail(ErrorCode::archive, fmt::format("entry `{}` {}", shown_name(entry.path), why));
    };
    const std::string_view hardlink =
        text_of(::archive_entry_hardlink_utf8(raw), ::archive_entry_hardlink(raw));
    const std::int64_t size = ::archive_entry_size_is_set(raw) != 0 ? ::archive_entry_size(raw) : 0;
    if (size < 0) return refused("has a negative size");
    if (::archive_entry_sparse_count(raw) != 0) return refused("is a sparse file");
    if (!hardlink.empty()) {
        auto target = safe_entry_path(hardlink);
        if (!target) return tl::make_unexpected(target.error());
        if (size != 0) return refused("is a hard link with content of its own");
        entry.kind = TarEntry::Kind::hardlink;
        entry.link = std::move(*target);
    } else if (::archive_entry_filetype(raw) == AE_IFREG) {
        entry.size_bytes = static_cast<std::uint64_t>(size);
    } else if (::archive_entry_filetype(raw) == AE_IFDIR) {
        entry.kind = TarEntry::Kind::directory;
    } else if (::archive_entry_filetype(raw) == AE_IFLNK) {
        entry.kind = TarEntry::Kind::symlink;
        entry.link = text_of(::archive_entry_symlink_utf8(raw), ::archive_entry_symlink(raw));
    } else {
        return refused("is neither a file, a folder nor a link");
    }
    if (entry.path.empty() && entry.kind != TarEntry::Kind::directory) return refused("has no name");
    if (entry.size_bytes > state_->left) {
        return refused(fmt::format("takes the archive above its limit of {} bytes unpacked", state_->most));
    }
    state_->left -= entry.size_bytes;
    state_->entry_left = entry.size_bytes;
    state_->path = entry.path;
    return std::optional<TarEntry>(std::move(entry));
}

Result<std::string_view> TarReader::read() {
    const void* start = nullptr;
    std::size_t size = 0;
    std::int64_t offset = 0;
    const int status = ::archive_read_data_block(state_->reader.get(), &start, &size, &offset);
    if (status == ARCHIVE_EOF) {
        if (state_->entry_left == 0) return std::string_view{};
        return fail(ErrorCode::archive, fmt::format("entry `{}` ends too early", shown_name(state_->path)));
    }
    if (status != ARCHIVE_OK) return state_->broken();
    if (size > state_->entry_left) {
        return fail(ErrorCode::archive,
                    fmt::format("entry `{}` is longer than it says", shown_name(state_->path)));
    }
    state_->entry_left -= size;
    if (size == 0) return read();
    return std::string_view(static_cast<const char*>(start), size);
}

Result<std::string> TarReader::read_all() {
    std::string content;
    // A header may claim any size: let content that really comes pay for memory above this.
    content.reserve(std::min<std::uint64_t>(state_->entry_left, 64U << 20U));
    for (;;) {
        const auto piece = read();
        if (!piece) return tl::make_unexpected(piece.error());
        if (piece->empty()) return content;
        content += *piece;
    }
}

}  // namespace aimlock
