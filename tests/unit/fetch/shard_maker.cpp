#include "tests/unit/fetch/shard_maker.hpp"

#include "fetch/compression.hpp"
#include "solver/base/digest.hpp"

namespace aimlock::testing {
namespace {

std::string with_size(unsigned tag, std::size_t size) {
    std::string out(1, static_cast<char>(tag));
    for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift & 0xffU);
    return out;
}

}  // namespace

namespace msgpack {

std::string text(std::string_view value) {
    return with_size(0xdb, value.size()).append(value);
}
std::string bytes(std::string_view value) {
    return with_size(0xc6, value.size()).append(value);
}
std::string number(std::uint64_t value) {
    std::string out(1, static_cast<char>(0xcf));
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xffU);
    return out;
}
std::string array(const std::vector<std::string>& values) {
    std::string out = with_size(0xdd, values.size());
    for (const std::string& value : values) out += value;
    return out;
}
std::string map(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string out = with_size(0xdf, members.size());
    for (const auto& [key, value] : members) out += text(key) + value;
    return out;
}

}  // namespace msgpack

std::string raw_digest(std::string_view text) {
    const Sha256 digest = sha256_of(text);
    return {digest.bytes.begin(), digest.bytes.end()};
}

std::string shard_of(const std::vector<ShardRecord>& records) {
    std::vector<std::pair<std::string, std::string>> packages;
    for (const ShardRecord& record : records) {
        std::vector<std::string> depends;
        for (const std::string& spec : record.depends) depends.push_back(msgpack::text(spec));
        packages.emplace_back(record.name + "-" + record.version + "-0.conda",
                              msgpack::map({{"name", msgpack::text(record.name)},
                                            {"version", msgpack::text(record.version)},
                                            {"build", msgpack::text("0")},
                                            {"build_number", msgpack::number(0)},
                                            {"depends", msgpack::array(depends)},
                                            {"sha256", msgpack::bytes(raw_digest(record.name))}}));
    }
    return compress_zstd(msgpack::map({{"packages", msgpack::map({})},
                                       {"packages.conda", msgpack::map(packages)},
                                       {"removed", msgpack::array({})}}));
}

std::string shard_index_of(const std::map<std::string, std::string>& digests,
                           const std::vector<std::pair<std::string, std::string>>& info) {
    std::vector<std::pair<std::string, std::string>> shards;
    for (const auto& [name, digest] : digests) shards.emplace_back(name, msgpack::bytes(digest));
    std::vector<std::pair<std::string, std::string>> about{
        {"base_url", msgpack::text("./")},
        {"shards_base_url", msgpack::text("./s/")},
        {"created_at", msgpack::text("2026-11-24T00:00:00Z")},
    };
    about.insert(about.end(), info.begin(), info.end());
    return compress_zstd(msgpack::map(
        {{"version", msgpack::number(1)}, {"info", msgpack::map(about)}, {"shards", msgpack::map(shards)}}));
}

std::map<std::string, Reply> sharded_subdir(const std::string& at,
                                            const std::map<std::string, std::vector<ShardRecord>>& names,
                                            const std::vector<std::pair<std::string, std::string>>& info) {
    std::map<std::string, Reply> files;
    std::map<std::string, std::string> digests;
    for (const auto& [name, records] : names) {
        const std::string shard = shard_of(records);
        digests[name] = raw_digest(shard);
        files[at + "s/" + sha256_of(shard).hex() + ".msgpack.zst"].body = shard;
    }
    files[at + "repodata_shards.msgpack.zst"].body = shard_index_of(digests, info);
    return files;
}

}  // namespace aimlock::testing
