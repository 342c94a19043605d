#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lock/lockfile.hpp"
#include "solver/base/result.hpp"
#include "solver/model/request.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// A source as the lock names it, and where it was really read.
struct SourceInUse {
    LockSource
        source;  ///< `url` as the manifest writes it where it is a path; name as `Package::origin` has it
    std::string resolved_url;  ///< of a channel read from files: its absolute path or file URL; empty: as
                               ///< `source.url`
};

/// What a lock is made of.
struct LockParts {
    const Request& request;
    const std::vector<Solution>& solutions;  ///< one for each target of the request
    std::vector<SourceInUse> sources;        ///< channels in their order, then indexes
    Sha256 name_map;
    std::optional<LockBase> base;
};

/// The lock of a solved request. Pure: the same parts give the same lock, whatever the order of solutions and
/// packages. Packages that several targets share are one entry. Hosts that packages come from are added to
/// their source's hosts. Fails on a package with no sha256, one from no source, and a request whose targets
/// are not all solved.
Result<Lock> make_lock(const LockParts& parts);

}  // namespace aimlock
