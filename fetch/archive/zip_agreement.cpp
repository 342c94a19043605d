#include "fetch/archive/zip_agreement.hpp"

#include <algorithm>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

struct Close {
    void operator()(::archive* reader) const noexcept { ::archive_read_free(reader); }
};

tl::unexpected<Error> disagree(std::string_view what) {
    return fail(ErrorCode::archive, fmt::format("two readers of the ZIP disagree: {}", what));
}

/// libarchive's name of the member: whichever of both forms the locale lets it give.
std::string_view name_of(::archive_entry* entry) {
    if (const char* utf8 = ::archive_entry_pathname_utf8(entry); utf8 != nullptr) return utf8;
    const char* raw = ::archive_entry_pathname(entry);
    return raw != nullptr ? std::string_view(raw) : std::string_view{};
}

bool is_same(::archive_entry* theirs, const ZipEntry& ours) {
    std::string_view name = name_of(theirs);
    if (ours.directory && name.ends_with('/')) name.remove_suffix(1);
    const bool directory = ::archive_entry_filetype(theirs) == AE_IFDIR;
    const std::int64_t size = ::archive_entry_size_is_set(theirs) != 0 ? ::archive_entry_size(theirs) : -1;
    // Names outside ASCII come out as the locale spells them, or not at all; both headers of the member state
    // the same bytes, which has been checked.
    const bool plain = std::ranges::all_of(ours.path, [](char c) { return (c & '\x80') == 0; });
    return (!plain || name == ours.path) && directory == ours.directory &&
           (directory || static_cast<std::uint64_t>(size) == ours.size_bytes);
}

}  // namespace

Result<void> agree_on_members(std::string_view bytes, const std::vector<ZipEntry>& entries) {
    const std::unique_ptr<::archive, Close> reader(::archive_read_new());
    if (reader == nullptr || ::archive_read_support_format_zip_seekable(reader.get()) != ARCHIVE_OK ||
        ::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
        return fail(ErrorCode::internal, "libarchive gives no reader of ZIPs");
    }
    std::vector<const ZipEntry*> order;
    order.reserve(entries.size());
    for (const ZipEntry& entry : entries) order.push_back(&entry);
    std::ranges::sort(order, {}, [](const ZipEntry* entry) { return entry->content_offset; });
    for (const ZipEntry* ours : order) {
        ::archive_entry* theirs = nullptr;
        const int status = ::archive_read_next_header(reader.get(), &theirs);
        // A warning is about a name that the locale cannot spell.
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return disagree(fmt::format("one does not find `{}`", shown_name(ours->path)));
        if (!is_same(theirs, *ours)) {
            return disagree(fmt::format("`{}` to one is `{}` to the other", shown_name(ours->path),
                                        shown_name(name_of(theirs))));
        }
    }
    ::archive_entry* more = nullptr;
    const int status = ::archive_read_next_header(reader.get(), &more);
    // An archive without members is no ZIP to libarchive.
    if (status == ARCHIVE_EOF || (entries.empty() && status == ARCHIVE_FATAL)) return {};
    return disagree("one finds more members than the other");
}

}  // namespace aimlock
