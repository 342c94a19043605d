#include "tests/support/archive_builder.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include <bzlib.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <zlib.h>
#include <zstd.h>

#include "solver/base/digest.hpp"

namespace aimlock::testing {
namespace {

void put(std::string& out, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const ::Bytef*>(bytes.data()), static_cast<::uInt>(bytes.size())));
}

std::string deflate_of(std::string_view bytes) {
    ::z_stream stream{};
    if (::deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib");
    std::string out(::deflateBound(&stream, bytes.size()) + 16, '\0');
    stream.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<::uInt>(bytes.size());
    stream.next_out = reinterpret_cast<::Bytef*>(out.data());
    stream.avail_out = static_cast<::uInt>(out.size());
    ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

struct Written {
    std::string local;
    std::string central;  ///< its offset is appended by the caller's knowledge
};

Written write_member(const ZipMember& member, std::uint64_t offset) {
    const std::string packed = member.deflated ? deflate_of(member.content) : member.content;
    const std::uint32_t crc = member.crc.value_or(crc_of(member.content));
    const auto size = static_cast<std::uint32_t>(member.content.size());
    const bool streamed = member.descriptor != ZipMember::Descriptor::none;
    const std::uint64_t flags = (streamed ? 8U : 0U) | 0x800U;
    const auto common = [&](std::string& out, std::uint32_t stated, bool zero, std::string_view name) {
        put(out, flags, 2);
        put(out, member.deflated ? 8 : 0, 2);
        put(out, 0x00210000, 4);
        put(out, zero ? 0 : crc, 4);
        put(out, zero ? 0 : packed.size(), 4);
        put(out, zero ? 0 : stated, 4);
        put(out, name.size(), 2);
        put(out, member.extra.size(), 2);
    };
    Written written;
    const std::string own_name = member.local_name.value_or(member.name);
    put(written.local, 0x04034b50, 4);
    put(written.local, 20, 2);
    common(written.local, member.local_size.value_or(size), streamed, own_name);
    written.local += own_name + member.extra + packed;
    if (streamed) {
        put(written.local, 0x08074b50, 4);
        put(written.local, crc, 4);
        put(written.local, packed.size(), 4);
        put(written.local, size + (member.descriptor == ZipMember::Descriptor::lying ? 1U : 0U), 4);
    }
    if (!member.in_directory) return written;
    put(written.central, 0x02014b50, 4);
    put(written.central, 0x0314, 2);
    put(written.central, 20, 2);
    common(written.central, member.central_size.value_or(size), false, member.name);
    put(written.central, 0, 2);
    put(written.central, 0, 2);
    put(written.central, 0, 2);
    put(written.central, std::uint64_t{member.mode} << 16U, 4);
    put(written.central, offset, 4);
    written.central += member.name + member.extra;
    return written;
}

void pad(std::string& out) {
    out.append((512 - out.size() % 512) % 512, '\0');
}

}  // namespace

std::string zip64_extra(const std::vector<std::uint64_t>& values) {
    std::string extra;
    put(extra, 1, 2);
    put(extra, 8 * values.size(), 2);
    for (const std::uint64_t value : values) put(extra, value, 8);
    return extra;
}

std::string zip_of(const std::vector<ZipMember>& members, const ZipFrame& frame) {
    std::string out = frame.before;
    std::string directory;
    std::uint64_t count = 0;
    const std::size_t shift = frame.shift_offsets ? 0 : frame.before.size();
    for (const ZipMember& member : members) {
        const Written written = write_member(member, out.size() - shift);
        out += written.local;
        directory += written.central;
        count += member.in_directory ? 1U : 0U;
    }
    out += frame.between;
    const std::size_t offset = out.size() - shift;
    out += directory;
    if (frame.zip64_count) {
        const std::size_t record = out.size();
        put(out, 0x06064b50, 4);
        put(out, 44, 8);
        put(out, 45, 2);
        put(out, 45, 2);
        put(out, 0, 8);
        put(out, *frame.zip64_count, 8);
        put(out, *frame.zip64_count, 8);
        put(out, directory.size(), 8);
        put(out, offset, 8);
        put(out, 0x07064b50, 4);
        put(out, 0, 4);
        put(out, record, 8);
        put(out, 1, 4);
    }
    put(out, 0x06054b50, 4);
    put(out, 0, 4);
    put(out, count, 2);
    put(out, count, 2);
    put(out, directory.size(), 4);
    put(out, offset, 4);
    put(out, frame.comment.size(), 2);
    return out + frame.comment + frame.after;
}

std::string tar_of(const std::vector<TarMember>& members) {
    std::string out;
    for (const TarMember& member : members) {
        std::array<char, 512> header{};
        const auto field = [&](std::size_t at, std::string_view text) {
            std::ranges::copy(text, header.begin() + static_cast<std::ptrdiff_t>(at));
        };
        if (member.name.size() > 100 || member.link.size() > 100)
            throw std::runtime_error("too long for this builder");
        field(0, member.name);
        field(100, fmt::format("{:07o}", member.mode));
        field(108, "0000000");
        field(116, "0000000");
        field(124, fmt::format("{:011o}", member.content.size()));
        field(136, "00000000000");
        field(148, "        ");
        header[156] = member.type;
        field(157, member.link);
        field(257, std::string_view("ustar\00000", 8));
        unsigned sum = 0;
        for (const char c : header) sum += static_cast<unsigned char>(c);
        field(148, fmt::format("{:06o}", sum));
        header[154] = '\0';
        out.append(header.data(), header.size());
        out += member.content;
        pad(out);
    }
    out.append(1024, '\0');
    return out;
}

std::string zstd_of(std::string_view bytes) {
    std::string out(::ZSTD_compressBound(bytes.size()), '\0');
    out.resize(::ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
    return out;
}

std::string bzip2_of(std::string_view bytes) {
    std::string out(bytes.size() + bytes.size() / 100 + 600, '\0');
    auto size = static_cast<unsigned>(out.size());
    std::string input(bytes);
    if (::BZ2_bzBuffToBuffCompress(out.data(), &size, input.data(), static_cast<unsigned>(input.size()), 9, 0,
                                   0) != BZ_OK) {
        throw std::runtime_error("bzip2");
    }
    out.resize(size);
    return out;
}

std::string gzip_of(std::string_view bytes) {
    ::z_stream stream{};
    if (::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("gzip");
    std::string input(bytes);
    std::string out(::deflateBound(&stream, input.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

std::string record_of(const std::vector<std::pair<std::string, std::string>>& files,
                      const std::string& dist_info) {
    std::string record;
    for (const auto& [path, content] : files) {
        const Sha256 digest = sha256_of(content);
        std::array<unsigned char, 48> text{};
        ::EVP_EncodeBlock(text.data(), digest.bytes.data(), static_cast<int>(digest.bytes.size()));
        std::string hash(text.begin(), text.begin() + 43);
        std::ranges::replace(hash, '+', '-');
        std::ranges::replace(hash, '/', '_');
        record += fmt::format("{},sha256={},{}\n", path, hash, content.size());
    }
    return record + dist_info + "/RECORD,,\n";
}

std::string wheel_of(const std::string& name,
                     const std::string& version,
                     std::vector<std::pair<std::string, std::string>> files) {
    const std::string dist_info = name + "-" + version + ".dist-info";
    const auto add = [&](const std::string& file, const std::string& content) {
        const auto has = [&](const auto& f) { return f.first == dist_info + "/" + file; };
        if (std::ranges::none_of(files, has)) files.emplace_back(dist_info + "/" + file, content);
    };
    add("METADATA", fmt::format("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", name, version));
    add("WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    add("RECORD", record_of(files, dist_info));
    std::vector<ZipMember> members;
    for (auto& [path, content] : files) {
        ZipMember member;
        member.name = path;
        member.content = content;
        members.push_back(std::move(member));
    }
    return zip_of(members);
}

std::vector<TarMember> CondaBuilder::info() const {
    using nlohmann::json;
    json index = {{"name", name},
                  {"version", version},
                  {"build", build},
                  {"build_number", 0},
                  {"depends", json::array()}};
    if (noarch_python) index["noarch"] = "python";
    json paths = json::array();
    for (const TarMember& file : files) {
        if (file.type == '5') continue;
        // A hard link has the content of what it is a link to.
        const auto same =
            std::ranges::find(files, file.type == '1' ? file.link : file.name, &TarMember::name);
        const std::string& content = same == files.end() ? file.content : same->content;
        json line = {{"_path", file.name},
                     {"path_type", file.type == '2' ? "softlink" : "hardlink"},
                     {"sha256", sha256_of(content).hex()},
                     {"size_in_bytes", content.size()}};
        for (const auto& [path, placeholder] : placeholders) {
            if (path != file.name) continue;
            line["prefix_placeholder"] = placeholder.first;
            line["file_mode"] = placeholder.second ? "binary" : "text";
        }
        paths.push_back(line);
    }
    const json list = {{"paths", paths}, {"paths_version", 1}};
    std::vector<TarMember> members = {{"info/index.json", index.dump(), '0', "", 0644},
                                      {"info/paths.json", paths_json.value_or(list.dump()), '0', "", 0644}};
    if (!entry_points.empty()) {
        const json link = {{"noarch", {{"type", "python"}, {"entry_points", entry_points}}},
                           {"package_metadata_version", 1}};
        members.push_back({"info/link.json", link.dump(), '0', "", 0644});
    }
    return members;
}

std::string CondaBuilder::conda() const {
    const std::string stem = name + "-" + version + "-" + build;
    std::vector<ZipMember> members(3);
    members[0].name = "metadata.json";
    members[0].content = R"({"conda_pkg_format_version": 2})";
    members[1].name = "pkg-" + stem + ".tar.zst";
    members[1].content = zstd_of(tar_of(files));
    members[2].name = "info-" + stem + ".tar.zst";
    members[2].content = zstd_of(tar_of(info()));
    for (ZipMember& member : members) member.deflated = false;
    return zip_of(members);
}

std::string CondaBuilder::tar_bz2() const {
    std::vector<TarMember> members = info();
    members.insert(members.end(), files.begin(), files.end());
    return bzip2_of(tar_of(members));
}

}  // namespace aimlock::testing
