#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lock/lockfile.hpp"
#include "solver/base/digest.hpp"
#include "solver/model/request.hpp"

namespace aimlock {

/// Digest of all of a request that can change its answer: requirements in their order, targets, channels,
/// indexes, options. Line numbers, credentials and the workspace's name do not count.
Sha256 request_digest(const Request& request);

/// What else of today's inputs a lock can be held to.
struct FreshnessInputs {
    std::optional<std::string> image_base;  ///< of the manifest's [image]
    std::optional<Sha256> name_map;         ///< of the name map in use; nullopt: it was not read
};

/// Why `lock` is not the answer to `request`, in words, one change each: "conda requirement `numpy >=2` is
/// new". Empty: the lock is fresh. Needs no network.
std::vector<std::string> stale_reasons(const Lock& lock,
                                       const Request& request,
                                       const FreshnessInputs& inputs = {});

/// What the lock says of one target's requirements: shared by make_lock and stale_reasons.
/// `roots` and `constraints` of `request` in their order, each with the targets that ask for it.
struct LockRoots {
    std::vector<LockRoot> roots;
    std::vector<LockRoot> constraints;
};
LockRoots lock_roots(const Request& request);

/// The word that manifest and lock use: "strict", "if-necessary", "lowest-direct".
std::string_view word_of(ChannelPriority priority);
std::string_view word_of(PrereleaseMode mode);
std::string_view word_of(ResolutionMode mode);

}  // namespace aimlock
