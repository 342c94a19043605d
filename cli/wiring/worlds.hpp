#pragma once

#include <memory>
#include <vector>

#include "cli/render/console.hpp"
#include "cli/wiring/request.hpp"
#include "fetch/session.hpp"
#include "lock/make_lock.hpp"
#include "solver/model/metadata_source.hpp"
#include "solver/model/name_map.hpp"
#include "solver/model/repodata.hpp"

namespace aimlock::cli {

/// All that a solve reads of the outside: channels and name map as read, the index to be asked.
struct Worlds {
    std::unique_ptr<FetchSession> session;
    std::vector<Channel> channels;
    NameMap name_map = NameMap::built_in();
    std::unique_ptr<MetadataSource> source;  ///< ends before the session that it asks
    std::vector<SourceInUse> sources;        ///< for the lock: channels in their order, then indexes
};

/// Opens the network and cache, reads the request's channels and name map, and prepares its indexes.
Result<std::unique_ptr<Worlds>> open_worlds(const Asked& asked, Console& console);

}  // namespace aimlock::cli
