#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/http_server.hpp"

namespace aimlock::testing {

/// MessagePack, as a test writes it: values are texts that are put together.
namespace msgpack {
std::string text(std::string_view value);
std::string bytes(std::string_view value);
std::string number(std::uint64_t value);
std::string array(const std::vector<std::string>& values);
std::string map(const std::vector<std::pair<std::string, std::string>>& members);
}  // namespace msgpack

/// A record of a shard: build `0`, in a file `name-version-0.conda`.
struct ShardRecord {
    std::string name;
    std::string version;
    std::vector<std::string> depends{};
};

/// A shard, compressed.
std::string shard_of(const std::vector<ShardRecord>& records);
/// An index, compressed. `digests`: 32 bytes a name; `info`: more members of it.
std::string shard_index_of(const std::map<std::string, std::string>& digests,
                           const std::vector<std::pair<std::string, std::string>>& info = {});
/// The raw bytes of a text's digest.
std::string raw_digest(std::string_view text);

/// All paths of a sharded subdir `at` ("/forge/linux-64/").
std::map<std::string, Reply> sharded_subdir(
    const std::string& at,
    const std::map<std::string, std::vector<ShardRecord>>& names,
    const std::vector<std::pair<std::string, std::string>>& info = {});

}  // namespace aimlock::testing
