#include "fetch/pypi/remote_zip.hpp"

#include <algorithm>

#include <libdeflate.h>

#include "fetch/compression.hpp"

namespace aimlock {
namespace {

constexpr std::size_t end_record_size = 22;
constexpr std::size_t locator_size = 20;
constexpr std::size_t end_record64_size = 56;
constexpr std::size_t entry_size = 46;
constexpr std::size_t local_header_size = 30;

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

tl::unexpected<Error> damaged(const std::string& what, const char* why) {
    return fail(ErrorCode::integrity, what + ": damaged wheel: " + why);
}

/// Fields that do not fit 32 bits stand in the extra field 1, in this order, only where the small ones are
/// all ones.
void apply_zip64(std::string_view extra, ZipMember& member) {
    constexpr std::uint64_t full = 0xffffffff;
    while (extra.size() >= 4) {
        const std::uint64_t id = little_endian(extra, 0, 2);
        const std::size_t size = std::min<std::size_t>(little_endian(extra, 2, 2), extra.size() - 4);
        std::string_view body = extra.substr(4, size);
        extra.remove_prefix(4 + size);
        if (id != 1) continue;
        for (std::uint64_t* field : {&member.size, &member.compressed, &member.header_at}) {
            if (*field != full || body.size() < 8) continue;
            *field = little_endian(body, 0, 8);
            body.remove_prefix(8);
        }
    }
}

}  // namespace

Result<ZipDirectory> find_zip_directory(std::string_view tail,
                                        std::uint64_t file_size,
                                        const std::string& what) {
    if (tail.size() < end_record_size) return damaged(what, "too short for a ZIP");
    for (std::size_t at = tail.size() - end_record_size + 1; at-- > 0;) {
        if (tail.substr(at, 4) != "PK\5\6") continue;
        if (at + end_record_size + little_endian(tail, at + 20, 2) != tail.size()) continue;
        ZipDirectory found{{little_endian(tail, at + 16, 4), little_endian(tail, at + 12, 4)},
                           little_endian(tail, at + 10, 2)};
        if (at >= locator_size && tail.substr(at - locator_size, 4) == "PK\6\7") {
            const std::uint64_t tail_begin = file_size - tail.size();
            const std::uint64_t end64 = little_endian(tail, at - locator_size + 8, 8);
            if (end64 < tail_begin || end64 - tail_begin + end_record64_size > tail.size())
                return damaged(what, "its ZIP64 record is out of reach");
            const std::string_view record = tail.substr(static_cast<std::size_t>(end64 - tail_begin));
            if (record.substr(0, 4) != "PK\6\6") return damaged(what, "its ZIP64 record is missing");
            found = {{little_endian(record, 48, 8), little_endian(record, 40, 8)},
                     little_endian(record, 32, 8)};
        }
        if (found.range.begin > file_size || found.range.size > file_size - found.range.begin)
            return damaged(what, "its directory lies outside");
        return found;
    }
    return damaged(what, "it has no end record");
}

Result<std::vector<ZipMember>> list_zip_members(std::string_view directory,
                                                const ZipDirectory& where,
                                                const std::string& what) {
    std::vector<ZipMember> members;
    for (std::uint64_t i = 0; i < where.entries; ++i) {
        if (directory.size() < entry_size || directory.substr(0, 4) != "PK\1\2")
            return damaged(what, "its directory is cut short");
        const std::size_t name_size = little_endian(directory, 28, 2);
        const std::size_t extra_size = little_endian(directory, 30, 2);
        const std::size_t whole = entry_size + name_size + extra_size + little_endian(directory, 32, 2);
        if (directory.size() < whole) return damaged(what, "its directory is cut short");
        members.push_back({std::string(directory.substr(entry_size, name_size)),
                           little_endian(directory, 42, 4), little_endian(directory, 20, 4),
                           little_endian(directory, 24, 4),
                           static_cast<unsigned>(little_endian(directory, 10, 2)),
                           static_cast<std::uint32_t>(little_endian(directory, 16, 4))});
        apply_zip64(directory.substr(entry_size + name_size, extra_size), members.back());
        directory.remove_prefix(whole);
    }
    return members;
}

Result<ZipMember> find_metadata_member(std::string_view directory,
                                       const ZipDirectory& where,
                                       const std::string& what) {
    auto members = list_zip_members(directory, where, what);
    if (!members) return tl::make_unexpected(std::move(members.error()));
    ZipMember* found = nullptr;
    for (ZipMember& member : *members) {
        constexpr std::string_view end = ".dist-info/METADATA";
        if (!member.name.ends_with(end) || member.name.find('/') != member.name.size() - 9) continue;
        if (found != nullptr) return damaged(what, "it has two METADATA members");
        found = &member;
    }
    if (found == nullptr) return damaged(what, "it has no METADATA member");
    return std::move(*found);
}

std::optional<std::size_t> zip_member_head(const ZipMember& member, std::string_view bytes) {
    if (bytes.size() < local_header_size || bytes.substr(0, 4) != "PK\3\4") return std::nullopt;
    const std::size_t name_size = little_endian(bytes, 26, 2);
    const std::size_t head = local_header_size + name_size + little_endian(bytes, 28, 2);
    if (bytes.size() < head || bytes.substr(local_header_size, name_size) != member.name) return std::nullopt;
    return head;
}

Result<std::string> read_zip_member(const ZipMember& member,
                                    std::string_view bytes,
                                    const std::string& what,
                                    std::optional<std::uint64_t>& missing) {
    missing.reset();
    if (bytes.size() < local_header_size) {
        missing = local_header_size + member.name.size() + member.compressed;
        return std::string{};
    }
    if (bytes.substr(0, 4) != "PK\3\4") return damaged(what, "a member is not where its directory says");
    const std::size_t name_size = little_endian(bytes, 26, 2);
    const std::uint64_t head = local_header_size + name_size + little_endian(bytes, 28, 2);
    if (bytes.size() < head || bytes.size() - head < member.compressed) {
        missing = head + member.compressed;
        return std::string{};
    }
    if (bytes.substr(local_header_size, name_size) != member.name)
        return damaged(what, "a member has two names");
    const std::string_view body =
        bytes.substr(static_cast<std::size_t>(head), static_cast<std::size_t>(member.compressed));
    if (member.method != 0 && member.method != 8)
        return damaged(what, "METADATA is compressed in an unknown way");
    auto text =
        member.method == 8 ? inflate_raw(body, member.size, what) : Result<std::string>(std::string(body));
    if (!text) return text;
    if (::libdeflate_crc32(0, text->data(), text->size()) != member.crc)
        return damaged(what, "METADATA has a wrong checksum");
    return text;
}

Result<std::string> metadata_of_wheel(std::string_view wheel, const std::string& what) {
    const std::string_view tail = wheel.substr(wheel.size() - std::min<std::size_t>(wheel.size(), 66'000));
    const auto directory = find_zip_directory(tail, wheel.size(), what);
    if (!directory) return tl::make_unexpected(directory.error());
    const auto member = find_metadata_member(wheel.substr(static_cast<std::size_t>(directory->range.begin),
                                                          static_cast<std::size_t>(directory->range.size)),
                                             *directory, what);
    if (!member) return tl::make_unexpected(member.error());
    if (member->header_at >= wheel.size()) return damaged(what, "a member lies outside");
    std::optional<std::uint64_t> missing;
    auto text =
        read_zip_member(*member, wheel.substr(static_cast<std::size_t>(member->header_at)), what, missing);
    if (missing) return damaged(what, "METADATA is cut short");
    return text;
}

}  // namespace aimlock
