#include "fetch/conda/shard_index.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "fetch/compression.hpp"
#include "fetch/conda/kept_warnings.hpp"
#include "fetch/conda/msgpack.hpp"
#include "fetch/conda/packed_repodata.hpp"
#include "fetch/conda/record_reader.hpp"
#include "fetch/packing.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr GrowthLimit growth{std::uint64_t{256} << 20U, 300};
constexpr std::uint64_t known_version = 1;
const std::string refresh_hint = "Try `--refresh`; if it stays, the channel's document is damaged";

//     PackedCounts, base URL, base URL of shards, relations, zeros up to a multiple of 8,
//     u32 name_end[names], Sha256[names], bytes of names
struct PackedCounts {
    std::uint32_t names = 0;
    std::uint32_t name_bytes = 0;
};

struct NamedDigest {
    std::string_view name;
    Sha256 digest;
};

/// An index while it is read: names lie in the decompressed document.
struct Reading {
    std::string version;
    std::string base_url;
    std::string shards_base_url;
    ChannelRelations relations;
    std::vector<NamedDigest> shards;
};

tl::unexpected<Error> damaged(const RepodataOrigin& origin, const std::string& what) {
    return fail(ErrorCode::repodata, origin.document + ": " + what, refresh_hint);
}

Result<std::string> decompressed(std::string_view bytes, const RepodataOrigin& origin) {
    const std::size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first != std::string_view::npos && bytes[first] == '<') {
        return fail(
            ErrorCode::repodata,
            origin.document + ": a web page came in the place of the document: a captive portal or a login?",
            "Open the address in a browser, and check the channel's address");
    }
    std::string text;
    auto done = decompress_stream(".zst", bytes, origin.document, growth, [&](std::string_view piece) {
        text += piece;
        return Result<void>{};
    });
    if (!done) return tl::make_unexpected(std::move(done.error()));
    return text;
}

/// A text, or nothing where another value stands.
bool read_text(MsgpackReader& in, std::string& into) {
    MsgpackReader ahead = in;
    const auto token = ahead.next();
    if (!token) return false;
    if (token->kind == MsgpackToken::Kind::text) into = token->content;
    return in.skip();
}

bool read_relations(MsgpackReader& in, ChannelRelations& into) {
    MsgpackReader ahead = in;
    const auto token = ahead.next();
    if (!token) return false;
    if (token->kind != MsgpackToken::Kind::map) return in.skip();
    for (std::uint32_t i = 0; i < token->count; ++i) {
        const auto key = ahead.text();
        if (!key) return false;
        const bool read = *key == "base"        ? read_text(ahead, into.base)
                          : *key == "overrides" ? read_text(ahead, into.overrides)
                                                : ahead.skip();
        if (!read) return false;
    }
    in = ahead;
    return true;
}

bool read_origin(MsgpackReader& in, Reading& into) {
    const auto count = in.map();
    for (std::uint32_t i = 0; count && i < *count; ++i) {
        const auto key = in.text();
        if (!key) return false;
        const bool read = *key == "base_url"            ? read_text(in, into.base_url)
                          : *key == "shards_base_url"   ? read_text(in, into.shards_base_url)
                          : *key == "channel_relations" ? read_relations(in, into.relations)
                                                        : in.skip();
        if (!read) return false;
    }
    return count.has_value();
}

bool read_shards(MsgpackReader& in, Reading& into) {
    const auto count = in.map();
    for (std::uint32_t i = 0; count && i < *count; ++i) {
        const auto name = in.text();
        const auto digest = in.next();
        if (!name || !digest) return false;
        NamedDigest entry{*name, {}};
        if (digest->kind == MsgpackToken::Kind::bytes && digest->content.size() == 32) {
            std::ranges::copy(digest->content, entry.digest.bytes.begin());
        } else if (const auto hex = Sha256::from_hex(digest->content)) {
            entry.digest = *hex;
        }
        if (!entry.digest.known()) return false;
        into.shards.push_back(entry);
    }
    return count.has_value();
}

bool read_index(MsgpackReader& in, Reading& into) {
    const auto count = in.map();
    for (std::uint32_t i = 0; count && i < *count; ++i) {
        const auto key = in.text();
        if (!key) return false;
        bool read = false;
        if (*key == "version") {
            into.version.clear();
            read = in.append_json(into.version);
        } else if (*key == "info") {
            read = read_origin(in, into);
        } else if (*key == "shards") {
            read = read_shards(in, into);
        } else {
            read = in.skip();
        }
        if (!read) return false;
    }
    return count && in.finished();
}

/// `written` as seen from the index; nullopt where a server may not lead there.
std::optional<std::string> address(const std::string& written, const RepodataOrigin& origin) {
    std::string url =
        written.empty() ? origin.subdir_url : without_credentials(join_url(origin.subdir_url, written));
    if (!is_url(url) || (is_file_url(url) && !is_file_url(origin.subdir_url))) return std::nullopt;
    return url;
}

Result<void> check(Reading& index, const RepodataOrigin& origin) {
    if (index.version != std::to_string(known_version)) {
        return fail(ErrorCode::repodata,
                    fmt::format("{}: version {} of the shard index is not known", origin.document,
                                index.version.empty() ? "(none)" : shown_url(index.version)));
    }
    for (std::string* written : {&index.base_url, &index.shards_base_url}) {
        auto url = address(*written, origin);
        if (!url)
            return damaged(origin, "an address in it leads where a server may not: " + shown_url(*written));
        *written = *std::move(url);
    }
    if (!index.base_url.ends_with('/')) index.base_url += '/';
    std::ranges::sort(index.shards, {}, &NamedDigest::name);
    const auto twice = std::ranges::adjacent_find(index.shards, {}, &NamedDigest::name);
    if (twice != index.shards.end())
        return damaged(origin, fmt::format("`{}` stands in it twice", shown_url(twice->name)));
    return {};
}

std::string packed(const Reading& index) {
    Packer packer;
    PackedCounts counts;
    std::string bytes;
    std::vector<std::uint32_t> ends;
    std::vector<Sha256> digests;
    for (const NamedDigest& shard : index.shards) {
        bytes += shard.name;
        ends.push_back(static_cast<std::uint32_t>(bytes.size()));
        digests.push_back(shard.digest);
    }
    counts.names = static_cast<std::uint32_t>(ends.size());
    counts.name_bytes = static_cast<std::uint32_t>(bytes.size());
    packer.value(counts);
    for (const std::string* text :
         {&index.base_url, &index.shards_base_url, &index.relations.base, &index.relations.overrides})
        packer.text(*text);
    packer.align(8);
    packer.array(ends.data(), ends.size());
    packer.array(digests.data(), digests.size());
    packer.array(bytes.data(), bytes.size());
    return packer.take();
}

}  // namespace

std::string_view ShardIndex::name(std::size_t i) const {
    const std::uint32_t begin = i == 0 ? 0 : name_ends[i - 1];
    if (begin > name_ends[i] || name_ends[i] > name_bytes.size()) return {};
    return name_bytes.substr(begin, name_ends[i] - begin);
}

const Sha256* ShardIndex::find(std::string_view wanted) const {
    std::size_t from = 0;
    std::size_t to = size();
    while (from < to) {
        const std::size_t middle = from + (to - from) / 2;
        const int order = name(middle).compare(wanted);
        if (order == 0) return &digests[middle];
        (order < 0 ? from : to) = order < 0 ? middle + 1 : middle;
    }
    return nullptr;
}

std::string packed_shard_index_form() {
    return "shard index 1";
}

Result<std::string> pack_shard_index(std::string_view bytes, const RepodataOrigin& origin) {
    const auto text = decompressed(bytes, origin);
    if (!text) return tl::make_unexpected(text.error());
    MsgpackReader in(*text);
    Reading index;
    if (!read_index(in, index)) return damaged(origin, "not a shard index, or a damaged one");
    if (auto checked = check(index, origin); !checked) return tl::make_unexpected(checked.error());
    return packed(index);
}

std::optional<ShardIndex> open_shard_index(std::string_view packed, std::shared_ptr<const void> held) {
    Unpacker in(packed);
    const auto counts = in.value<PackedCounts>();
    ShardIndex index;
    for (std::string* text :
         {&index.base_url, &index.shards_base_url, &index.relations.base, &index.relations.overrides})
        *text = in.text();
    in.align(8);
    const auto* ends = in.array<std::uint32_t>(counts.names);
    const auto* digests = in.array<Sha256>(counts.names);
    index.name_bytes = in.take(counts.name_bytes);
    if (!in.finished()) return std::nullopt;
    index.name_ends = {ends, counts.names};
    index.digests = {digests, counts.names};
    index.held = std::move(held);
    return index;
}

Result<std::string> pack_shard(std::string_view bytes,
                               const Sha256& digest,
                               std::string_view name,
                               const RepodataOrigin& origin) {
    if (const Sha256 found = sha256_of(bytes); found != digest) {
        return fail(ErrorCode::integrity, fmt::format("{}: sha256 is {}, but the channel's index promised {}",
                                                      origin.document, found.hex(), digest.hex()));
    }
    const auto text = decompressed(bytes, origin);
    if (!text) return tl::make_unexpected(text.error());
    MsgpackReader in(*text);
    RecordReader reader(origin, name);
    const auto count = in.map();
    for (std::uint32_t i = 0; count && i < *count; ++i) {
        const auto key = in.text();
        std::string value;
        if (!key || !in.append_json(value)) break;
        if (auto taken = reader.take(*key, std::move(value)); !taken)
            return damaged(origin, taken.error().message);
    }
    if (!in.finished()) return damaged(origin, "not a shard, or a damaged one");
    KeptWarnings warnings;
    Repodata repodata = reader.finish(warnings);
    return pack_repodata(std::move(repodata), warnings.said);
}

}  // namespace aimlock
