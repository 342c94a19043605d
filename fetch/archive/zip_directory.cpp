// The layout that is accepted, and nothing else:
//
//     local header, content, [data descriptor]     one after the other without a gap, the first at offset 0
//     central directory                            right behind the last of them
//     [zip64 end record, zip64 locator]            right behind it
//     end record, [comment]                        to the last byte
//
// Members may lie in another order than their directory lines. Whatever a header says twice must be said
// equally.
#include "fetch/archive/zip_directory.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t full_32 = 0xFFFFFFFFU;
constexpr std::uint64_t full_16 = 0xFFFFU;
constexpr unsigned flag_encrypted = 1U << 0U;
constexpr unsigned flag_descriptor = 1U << 3U;
constexpr unsigned flag_patch = 1U << 5U;
constexpr unsigned flag_strong_encryption = 1U << 6U;
constexpr unsigned flag_utf8 = 1U << 11U;
constexpr unsigned flag_masked_header = 1U << 13U;

tl::unexpected<Error> refused(std::string why) {
    return fail(ErrorCode::archive, "the ZIP " + std::move(why));
}
tl::unexpected<Error> refused(std::string_view name, std::string_view why) {
    return fail(ErrorCode::archive, fmt::format("entry `{}` {}", shown_name(name), why));
}

/// Little-endian numbers of a region whose bounds the caller has checked.
class Fields {
public:
    explicit Fields(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::uint64_t number(std::size_t offset, std::size_t width) const {
        std::uint64_t value = 0;
        for (std::size_t i = width; i-- > 0;)
            value = (value << 8U) | static_cast<unsigned char>(bytes_[offset + i]);
        return value;
    }
    [[nodiscard]] std::uint64_t two(std::size_t offset) const { return number(offset, 2); }
    [[nodiscard]] std::uint64_t four(std::size_t offset) const { return number(offset, 4); }
    [[nodiscard]] std::uint64_t eight(std::size_t offset) const { return number(offset, 8); }

private:
    std::string_view bytes_;
};

struct Directory {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t count = 0;
};

/// What one header, local or central, says of a member.
struct Header {
    std::string_view name;
    std::uint64_t flags = 0;
    std::uint64_t method = 0;
    std::uint64_t crc = 0;
    std::uint64_t stored = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;  ///< behind the header
};

/// Takes 64-bit values out of the extra fields where the 32-bit ones are full, in the order that the format
/// sets. `values` are the fields that may be there, in that order.
Result<void> apply_extra(std::string_view extra,
                         std::string_view name,
                         const std::vector<std::uint64_t*>& values) {
    bool seen = false;
    const bool wanted =
        std::any_of(values.begin(), values.end(), [](const auto* value) { return *value == full_32; });
    while (!extra.empty()) {
        // Some writers pad with zeros that are no whole field.
        if (extra.size() < 4) {
            if (extra.find_first_not_of('\0') == std::string_view::npos) break;
            return refused(name, "has a broken extra field");
        }
        const Fields fields(extra);
        const std::uint64_t id = fields.two(0);
        const std::uint64_t size = fields.two(2);
        if (size > extra.size() - 4) return refused(name, "has a broken extra field");
        std::string_view body = extra.substr(4, size);
        extra.remove_prefix(4 + size);
        // Info-ZIP's second name for a member: a reader that honours it sees another file than one that does
        // not.
        if (id == 0x7075) {
            if (body.size() < 5 || body.substr(5) != name) return refused(name, "has a second name");
            continue;
        }
        if (id != 0x0001) continue;
        if (seen) return refused(name, "states its 64-bit sizes twice");
        seen = true;
        for (std::uint64_t* value : values) {
            const bool full = *value == full_32;
            // Without full fields some writers repeat the sizes: they must repeat them truly.
            if (!full && (wanted || body.empty())) continue;
            if (body.size() < 8) return refused(name, "misses a 64-bit size");
            const std::uint64_t stated = Fields(body).eight(0);
            body.remove_prefix(8);
            if (!full && stated != *value)
                return refused(name, "has 64-bit sizes that contradict the others");
            *value = stated;
        }
        if (!body.empty()) return refused(name, "has 64-bit sizes that contradict the others");
    }
    if (wanted && !seen) return refused(name, "misses its 64-bit sizes");
    return {};
}

Result<std::size_t> find_end_record(std::string_view bytes) {
    constexpr std::size_t record = 22;
    if (bytes.size() < record) return refused("is shorter than its end record");
    const std::size_t position = bytes.rfind("PK\x05\x06");
    if (position == std::string_view::npos) return refused("has no end record");
    if (bytes.size() - position < record ||
        bytes.size() - position - record != Fields(bytes).two(position + 20)) {
        return refused("has bytes behind its end record");
    }
    // A longer comment that holds a second end record, or anything that looks like a part of a ZIP, would be
    // one archive for readers that search forwards and another for those that search backwards.
    const std::string_view comment = bytes.substr(position + record);
    if (comment.find("PK") != std::string_view::npos) return refused("hides ZIP records in its comment");
    const std::size_t window = position > full_16 + record ? position - full_16 - record : 0;
    for (std::size_t at = bytes.find("PK\x05\x06", window); at != position;
         at = bytes.find("PK\x05\x06", at + 1)) {
        if (at + record <= bytes.size() && at + record + Fields(bytes).two(at + 20) == bytes.size()) {
            return refused("has two end records");
        }
    }
    return position;
}

Result<Directory> read_end_record(std::string_view bytes) {
    const auto position = find_end_record(bytes);
    if (!position) return tl::make_unexpected(position.error());
    const Fields fields(bytes);
    const std::size_t end = *position;
    Directory directory{fields.four(end + 16), fields.four(end + 12), fields.two(end + 10)};
    if (fields.two(end + 4) != 0 || fields.two(end + 6) != 0 || fields.two(end + 8) != directory.count) {
        return refused("spans several disks");
    }
    std::size_t directory_end = end;
    const bool has_locator = end >= 20 && fields.four(end - 20) == 0x07064b50U;
    if (has_locator) {
        constexpr std::size_t record = 56;
        const std::size_t locator = end - 20;
        if (locator < record || fields.eight(locator + 8) != locator - record ||
            fields.four(locator + 4) != 0 || fields.four(locator + 16) != 1) {
            return refused("has a zip64 locator that points elsewhere");
        }
        const std::size_t zip64 = locator - record;
        if (fields.four(zip64) != 0x06064b50U || fields.eight(zip64 + 4) != record - 12 ||
            fields.four(zip64 + 16) != 0 || fields.four(zip64 + 20) != 0 ||
            fields.eight(zip64 + 24) != fields.eight(zip64 + 32)) {
            return refused("has a broken zip64 end record");
        }
        const Directory large{fields.eight(zip64 + 48), fields.eight(zip64 + 40), fields.eight(zip64 + 32)};
        const auto agree = [](std::uint64_t small, std::uint64_t full, std::uint64_t value) {
            return small == value || small == full;
        };
        if (!agree(directory.offset, full_32, large.offset) || !agree(directory.size, full_32, large.size) ||
            !agree(directory.count, full_16, large.count)) {
            return refused("has two end records that contradict each other");
        }
        directory = large;
        directory_end = zip64;
    }
    if (directory.size > directory_end || directory.offset != directory_end - directory.size) {
        return refused("has bytes that its directory does not account for");
    }
    return directory;
}

Result<Header> read_central(std::string_view bytes, std::uint64_t at, std::uint64_t limit) {
    const Fields fields(bytes);
    if (limit - at < 46 || fields.four(at) != 0x02014b50U) return refused("has a broken directory");
    Header header;
    header.flags = fields.two(at + 8);
    header.method = fields.two(at + 10);
    header.crc = fields.four(at + 16);
    header.stored = fields.four(at + 20);
    header.size = fields.four(at + 24);
    header.offset = fields.four(at + 42);
    const std::uint64_t name = fields.two(at + 28);
    const std::uint64_t extra = fields.two(at + 30);
    header.end = at + 46 + name + extra + fields.two(at + 32);
    if (header.end > limit) return refused("has a broken directory");
    header.name = bytes.substr(at + 46, name);
    if (fields.two(at + 34) != 0) return refused(header.name, "lies on another disk");
    auto applied = apply_extra(bytes.substr(at + 46 + name, extra), header.name,
                               {&header.size, &header.stored, &header.offset});
    if (!applied) return tl::make_unexpected(applied.error());
    return header;
}

Result<Header> read_local(std::string_view bytes, std::uint64_t at, std::uint64_t limit) {
    const Fields fields(bytes);
    limit =
        std::min<std::uint64_t>(limit, bytes.size());  // the next member is where the directory says, or not
    if (at > limit || limit - at < 30 || fields.four(at) != 0x04034b50U)
        return refused("has a member without a header");
    Header header;
    header.flags = fields.two(at + 6);
    header.method = fields.two(at + 8);
    header.crc = fields.four(at + 14);
    header.stored = fields.four(at + 18);
    header.size = fields.four(at + 22);
    const std::uint64_t name = fields.two(at + 26);
    const std::uint64_t extra = fields.two(at + 28);
    header.end = at + 30 + name + extra;
    if (header.end > limit) return refused("has a broken member header");
    header.name = bytes.substr(at + 30, name);
    auto applied =
        apply_extra(bytes.substr(at + 30 + name, extra), header.name, {&header.size, &header.stored});
    if (!applied) return tl::make_unexpected(applied.error());
    return header;
}

/// The numbers behind the content of a member that was written as a stream: 4 or 8 bytes wide, with a
/// signature or without. Which of the four it is follows from where the next member begins.
bool descriptor_agrees(std::string_view bytes, std::uint64_t at, std::uint64_t end, const Header& central) {
    const std::uint64_t length = end - at;
    if (length != 12 && length != 16 && length != 20 && length != 24) return false;
    const Fields fields(bytes);
    const bool is_signed = length == 16 || length == 24;
    if (is_signed && fields.four(at) != 0x08074b50U) return false;
    const std::uint64_t crc = at + (is_signed ? 4U : 0U);
    const std::size_t width = length >= 20 ? 8 : 4;
    return fields.four(crc) == central.crc && fields.number(crc + 4, width) == central.stored &&
           fields.number(crc + 4 + width, width) == central.size;
}

/// Holds the local header, the content's extent and the descriptor of a member, which must end at `end`,
/// against its directory line. Gives where the content begins.
Result<std::uint64_t> check_member(std::string_view bytes, const Header& central, std::uint64_t end) {
    const auto local = read_local(bytes, central.offset, end);
    if (!local) return tl::make_unexpected(local.error());
    if (local->name != central.name) {
        return refused(central.name,
                       fmt::format("is called `{}` in its own header", shown_name(local->name)));
    }
    constexpr std::uint64_t compared = flag_encrypted | flag_descriptor | flag_utf8;
    if (local->method != central.method || (local->flags & compared) != (central.flags & compared)) {
        return refused(central.name, "has two headers that contradict each other");
    }
    const bool streamed = (central.flags & flag_descriptor) != 0;
    const auto agree = [&](std::uint64_t here, std::uint64_t there) {
        return here == there || (streamed && here == 0);
    };
    if (!agree(local->crc, central.crc) || !agree(local->stored, central.stored) ||
        !agree(local->size, central.size)) {
        return refused(central.name, "has two headers that contradict each other");
    }
    if (central.stored > end - local->end) return refused(central.name, "overlaps what follows it");
    const std::uint64_t content_end = local->end + central.stored;
    if (streamed ? !descriptor_agrees(bytes, content_end, end, central) : content_end != end) {
        return refused(central.name,
                       streamed ? "has a data descriptor that lies" : "is followed by hidden bytes");
    }
    return local->end;
}

Result<ZipEntry> make_entry(const Header& header, std::uint64_t attributes, std::uint64_t made_by) {
    constexpr std::uint64_t never = flag_encrypted | flag_patch | flag_strong_encryption | flag_masked_header;
    if ((header.flags & never) != 0) return refused(header.name, "is encrypted");
    if (header.method != 0 && header.method != 8)
        return refused(header.name, "is compressed in an unknown way");
    if (header.method == 0 && header.stored != header.size)
        return refused(header.name, "is stored with two sizes");
    const bool plain =
        std::all_of(header.name.begin(), header.name.end(), [](char c) { return (c & '\x80') == 0; });
    if (!plain && (header.flags & flag_utf8) == 0)
        return refused(header.name, "has a name in an unknown encoding");
    if (header.name.find('\\') != std::string_view::npos)
        return refused(header.name, "has a backslash in its name");
    auto path = safe_entry_path(header.name);
    if (!path) return tl::make_unexpected(path.error());
    ZipEntry entry;
    entry.directory = header.name.back() == '/';
    if (path->size() + (entry.directory ? 1 : 0) != header.name.size()) {
        return refused(header.name, "has a name that is not in its normal form");
    }
    if (entry.directory && header.size != 0) return refused(header.name, "is a folder with content");
    if ((made_by >> 8U) == 3) {  // Unix modes lie in the upper half of the attributes
        const std::uint64_t type = (attributes >> 16U) & 0170000U;
        if (type != 0 && type != (entry.directory ? 0040000U : 0100000U)) {
            return refused(header.name, "is neither a file nor a folder");
        }
        entry.executable = !entry.directory && ((attributes >> 16U) & 0111U) != 0;
    }
    entry.path = std::move(*path);
    entry.size_bytes = header.size;
    entry.stored_bytes = header.stored;
    entry.crc = static_cast<std::uint32_t>(header.crc);
    entry.deflated = header.method == 8;
    return entry;
}

/// Sets `content_offset` of every entry; members in the order of their offsets must fill the archive.
Result<void> check_members(std::string_view bytes,
                           const Directory& directory,
                           const std::vector<Header>& headers,
                           std::vector<ZipEntry>& entries) {
    std::vector<std::size_t> order(headers.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return headers[i].offset; });
    if (!order.empty() && headers[order.front()].offset != 0)
        return refused("has bytes before its first member");
    if (order.empty() && directory.offset != 0)
        return refused("has members that its directory does not name");
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::uint64_t end = i + 1 < order.size() ? headers[order[i + 1]].offset : directory.offset;
        auto content = check_member(bytes, headers[order[i]], end);
        if (!content) return tl::make_unexpected(content.error());
        entries[order[i]].content_offset = *content;
    }
    return {};
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(std::string_view bytes) {
    const auto directory = read_end_record(bytes);
    if (!directory) return tl::make_unexpected(directory.error());
    const std::uint64_t limit = directory->offset + directory->size;
    // A line takes 46 bytes at least: a count that cannot be true must not reserve memory.
    if (directory->count > directory->size / 46) return refused("has a broken directory");
    std::vector<Header> headers;
    std::vector<ZipEntry> entries;
    std::unordered_set<std::string_view> names;
    std::uint64_t at = directory->offset;
    for (std::uint64_t i = 0; i < directory->count; ++i) {
        auto header = read_central(bytes, at, limit);
        if (!header) return tl::make_unexpected(header.error());
        const Fields fields(bytes);
        auto entry = make_entry(*header, fields.four(at + 38), fields.two(at + 4));
        if (!entry) return tl::make_unexpected(entry.error());
        const std::string_view name = header->name.substr(0, entry->path.size());
        if (!names.insert(name).second) return refused(header->name, "is there twice");
        at = header->end;
        headers.push_back(*header);
        entries.push_back(std::move(*entry));
    }
    if (at != limit) return refused("has bytes that its directory does not account for");
    auto checked = check_members(bytes, *directory, headers, entries);
    if (!checked) return tl::make_unexpected(checked.error());
    return entries;
}

}  // namespace aimlock
