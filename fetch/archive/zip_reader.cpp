#include "fetch/archive/zip_reader.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include <fmt/core.h>
#include <libdeflate.h>
#include <zlib.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/zip_agreement.hpp"
#include "fetch/archive/zip_directory.hpp"

namespace aimlock {
namespace {

/// Above this a member is inflated piece by piece: libdeflate is twice as fast but needs the whole of it in
/// memory.
constexpr std::uint64_t whole_limit = 256U << 20U;

using Sink = std::function<Result<void>(std::string_view)>;

struct FreeDeflate {
    void operator()(::libdeflate_decompressor* inflater) const noexcept {
        ::libdeflate_free_decompressor(inflater);
    }
};

tl::unexpected<Error> wrong(const ZipEntry& entry, std::string_view why) {
    return fail(ErrorCode::archive, fmt::format("entry `{}` {}", shown_name(entry.path), why));
}

Result<void> inflate_whole(const ZipEntry& entry, std::string_view content, const Sink& sink) {
    thread_local const std::unique_ptr<::libdeflate_decompressor, FreeDeflate> inflater(
        ::libdeflate_alloc_decompressor());
    // One buffer a thread saves a large allocation and its page faults for each of thousands of members.
    thread_local std::unique_ptr<char[]> buffer;
    thread_local std::size_t room = 0;
    if (inflater == nullptr) return fail(ErrorCode::internal, "libdeflate gives no decompressor");
    if (room < entry.size_bytes) {
        buffer.reset();
        room = std::max<std::size_t>(entry.size_bytes, std::size_t{1} << 20U);
        buffer = std::make_unique_for_overwrite<char[]>(room);
    }
    std::size_t used = 0;
    std::size_t size = 0;
    const auto status = ::libdeflate_deflate_decompress_ex(inflater.get(), content.data(), content.size(),
                                                           buffer.get(), entry.size_bytes, &used, &size);
    if (status != LIBDEFLATE_SUCCESS || used != content.size() || size != entry.size_bytes) {
        return wrong(entry, "does not inflate to the size that is stated");
    }
    if (::libdeflate_crc32(0, buffer.get(), size) != entry.crc) return wrong(entry, "has a wrong CRC");
    auto taken = sink(std::string_view(buffer.get(), size));
    if (room > (std::size_t{16} << 20U)) {
        buffer.reset();
        room = 0;
    }
    return taken;
}

Result<void> inflate_in_pieces(const ZipEntry& entry, std::string_view content, const Sink& sink) {
    ::z_stream stream{};
    if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return fail(ErrorCode::internal, "zlib gives no decompressor");
    const auto end = [](::z_stream* s) { ::inflateEnd(s); };
    const std::unique_ptr<::z_stream, decltype(end)> guard(&stream, end);
    std::string buffer(1U << 20U, '\0');
    std::uint64_t size = 0;
    std::uint32_t crc = 0;
    int status = Z_OK;
    while (status != Z_STREAM_END) {
        if (stream.avail_in == 0 && !content.empty()) {
            const std::size_t piece = std::min<std::size_t>(content.size(), 1U << 30U);
            // zlib takes its input as non-const and does not write to it.
            stream.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(content.data()));
            stream.avail_in = static_cast<::uInt>(piece);
            content.remove_prefix(piece);
        }
        stream.next_out = reinterpret_cast<::Bytef*>(buffer.data());
        stream.avail_out = static_cast<::uInt>(buffer.size());
        status = ::inflate(&stream, Z_NO_FLUSH);
        const std::string_view piece = std::string_view(buffer).substr(0, buffer.size() - stream.avail_out);
        size += piece.size();
        if ((status != Z_OK && status != Z_STREAM_END) || size > entry.size_bytes) break;
        crc = ::libdeflate_crc32(crc, piece.data(), piece.size());
        auto taken = sink(piece);
        if (!taken) return taken;
    }
    if (status != Z_STREAM_END || size != entry.size_bytes || stream.avail_in != 0 || !content.empty()) {
        return wrong(entry, "does not inflate to the size that is stated");
    }
    if (crc != entry.crc) return wrong(entry, "has a wrong CRC");
    return {};
}

}  // namespace

Result<ZipReader> ZipReader::open(std::string_view bytes, std::uint64_t most_bytes) {
    auto entries = read_zip_directory(bytes);
    if (!entries) return tl::make_unexpected(entries.error());
    std::uint64_t left = most_bytes;
    for (const ZipEntry& entry : *entries) {
        if (entry.size_bytes > left) {
            return wrong(entry,
                         fmt::format("takes the archive above its limit of {} bytes unpacked", most_bytes));
        }
        left -= entry.size_bytes;
    }
    auto agreed = agree_on_members(bytes, *entries);
    if (!agreed) return tl::make_unexpected(agreed.error());
    ZipReader reader;
    reader.bytes_ = bytes;
    reader.entries_ = std::move(*entries);
    return reader;
}

const ZipEntry* ZipReader::find(std::string_view path) const {
    const auto found = std::ranges::find(entries_, path, &ZipEntry::path);
    return found == entries_.end() ? nullptr : &*found;
}

Result<void> ZipReader::read(const ZipEntry& entry, const Sink& sink) const {
    const std::string_view content = bytes_.substr(entry.content_offset, entry.stored_bytes);
    if (entry.deflated) {
        return entry.size_bytes <= whole_limit ? inflate_whole(entry, content, sink)
                                               : inflate_in_pieces(entry, content, sink);
    }
    if (::libdeflate_crc32(0, content.data(), content.size()) != entry.crc)
        return wrong(entry, "has a wrong CRC");
    return sink(content);
}

Result<std::string> ZipReader::read_all(const ZipEntry& entry, std::uint64_t most_bytes) const {
    if (entry.size_bytes > most_bytes) {
        return wrong(entry, fmt::format("has {} bytes, more than the {} that such a file may have",
                                        entry.size_bytes, most_bytes));
    }
    std::string content;
    auto read_it = read(entry, [&](std::string_view piece) -> Result<void> {
        content += piece;
        return {};
    });
    if (!read_it) return tl::make_unexpected(read_it.error());
    return content;
}

Result<std::string_view> ZipReader::stored(const ZipEntry& entry) const {
    if (entry.deflated) return wrong(entry, "is compressed where it must be stored");
    return bytes_.substr(entry.content_offset, entry.stored_bytes);
}

}  // namespace aimlock
