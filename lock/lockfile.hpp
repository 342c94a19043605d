#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"
#include "solver/model/target.hpp"

namespace aimlock {

/// The lock format that this program writes. It reads this one and older ones.
inline constexpr int lock_format_version = 1;

/// One requirement as it was asked, so that `verify` and `update` need no manifest.
struct LockRoot {
    PackageKind kind = PackageKind::conda;
    std::string requirement;           ///< "numpy >=2" or "transformers[torch]>=4.44"
    std::vector<std::string> targets;  ///< sorted
    std::string index;                 ///< PyPI: the index that this name alone comes from; empty: any

    friend bool operator==(const LockRoot&, const LockRoot&) = default;
};

/// A place that packages came from, and the hosts its documents named when the lock was made: a replay
/// fetches from no other host.
struct LockSource {
    PackageKind kind = PackageKind::conda;
    std::string name;  ///< channel name; the URL for an index
    std::string
        url;  ///< without credentials; for a channel given as a path, the path as the manifest writes it
    std::vector<std::string> hosts;  ///< sorted; empty for file channels

    friend bool operator==(const LockSource&, const LockSource&) = default;
};

/// A target as it was solved.
struct LockTarget {
    std::string name;
    std::string platform;
    std::vector<VirtualPackage> virtual_packages;  ///< sorted by name
    std::vector<std::string> cuda_arch;
    std::string python_version;             ///< full; empty: the environment has no Python
    std::string python_site_packages_path;  ///< "lib/python3.12/site-packages"; empty with no Python
    CudaFacts cuda = {};                    ///< of the answer; empty in locks that do not say it

    friend bool operator==(const LockTarget&, const LockTarget&) = default;
};

struct LockPackage {
    Package package;
    std::vector<std::string> targets;  ///< sorted

    friend bool operator==(const LockPackage&, const LockPackage&) = default;
};

/// The image base of a manifest with an [image].
struct LockBase {
    std::string image;   ///< "nvidia/cuda:12.2.2-base-ubuntu22.04"
    std::string digest;  ///< "sha256:…"; empty: not known
    friend bool operator==(const LockBase&, const LockBase&) = default;
};

/// The content of aimlock.lock. A value: reading what was written gives an equal one.
struct Lock {
    int version = lock_format_version;
    Sha256 inputs;                             ///< digest of the request that it answers (lock/freshness.hpp)
    Sha256 name_map;                           ///< digest of the name map in use
    std::optional<std::string> exclude_newer;  ///< as an RFC 3339 instant
    std::string channel_priority = "strict";
    std::string prerelease = "if-necessary";
    std::string resolution = "highest";
    std::optional<LockBase> base;
    std::vector<LockRoot> roots;
    std::vector<LockRoot> constraints;  ///< bounds that ask for nothing
    std::vector<LockSource> sources;
    std::vector<LockTarget> targets;
    std::vector<LockPackage> packages;  ///< conda before PyPI, then by name, version, build

    [[nodiscard]] const LockTarget* target(std::string_view name) const;
    /// Packages of one target, in the lock's order.
    [[nodiscard]] std::vector<const Package*> packages_of(std::string_view target_name) const;

    friend bool operator==(const Lock&, const Lock&) = default;
};

/// The canonical bytes of `lock`: the same lock is the same text, whatever produced it. The line `content =
/// "…"` near its top is the digest of all other lines; `read_lock` checks it.
std::string write_lock(const Lock& lock);

/// Reads a lock; `file` names it in errors. Refuses what threats S7 and S8 refuse: unknown keys, a newer
/// format, missing lists, duplicates, hashes of another shape, a changed body, deep nesting, huge texts.
Result<Lock> read_lock(std::string_view text, const std::string& file);

/// `lock` with every relative package path made absolute below `folder`, the folder that the lock lies in. A
/// lock keeps the paths of a file channel as the manifest wrote them; replaying one needs to know where they
/// are.
Lock located(Lock lock, const std::string& folder);

}  // namespace aimlock
