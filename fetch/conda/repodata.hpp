#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fetch/session.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"
#include "solver/model/name_map.hpp"
#include "solver/model/repodata.hpp"
#include "solver/spec/match_spec.hpp"

namespace aimlock {

/// Where a repodata document comes from.
struct RepodataOrigin {
    std::string channel;     ///< canonical name
    std::string subdir;      ///< "linux-64"
    std::string subdir_url;  ///< without credentials, ends with '/'
    std::string document;    ///< file or URL, for messages
};

/// Reads a repodata document (CEP 36), compressed as the end of its name says: ".zst", ".bz2" or ".json".
/// Records with a field that could leave its folder or forge a line (threats: `/`, `..`, control characters,
/// the wrong subdir) are dropped with one warning that counts them. Fails with code `repodata` on a damaged
/// or truncated document. Decompression and parsing overlap.
Result<Repodata> parse_repodata(std::string_view bytes,
                                std::string_view kind,
                                const RepodataOrigin& origin,
                                Log& log);

/// What is asked of one platform: of a sharded channel, only what that reaches is read.
struct PlatformAsked {
    std::string platform;          ///< a conda subdir
    std::vector<MatchSpec> specs;  ///< as engine::specs_to_read() has them
};

struct ChannelReading {
    std::vector<std::string> channels;   ///< as written, in order of priority
    std::vector<std::string> platforms;  ///< conda subdirs; "noarch" is read besides
    std::string alias;                   ///< of channel_alias()
    std::filesystem::path base_folder;   ///< relative paths are relative to it; empty: the working folder
    std::vector<PlatformAsked> asked{};
    /// Names that will most likely be needed: their shards are asked for at once. A wrong one costs bytes,
    /// never an answer.
    std::vector<std::string> likely_names{};
    const NameMap* name_map = nullptr;
    /// Reads what tells why there is no solution, too: the names that nothing reaches, and, for a name that
    /// no channel has, the nearest one.
    bool to_explain = false;
};

/// Reads all subdirs of all channels, in parallel, in the order of the request; channels that these bring
/// (CEP 42) stand where they belong. A server's channel is read by shards where it has them (CEP 16): the
/// names that the request reaches, and no others. A channel must have at least one of its subdirs. Any other
/// failure of any document is a failure of the whole: never a solve with fewer channels or names than asked.
Result<std::vector<Channel>> read_channels(FetchSession& session, const ChannelReading& reading, Log& log);

}  // namespace aimlock
