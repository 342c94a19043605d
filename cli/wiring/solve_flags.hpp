#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fetch/host_probe.hpp"
#include "solver/base/result.hpp"
#include "solver/model/request.hpp"

namespace aimlock::cli {

/// What `aimlock solve` was given, as written.
struct SolveFlags {
    std::string manifest;  ///< empty: looked for
    std::string lock;      ///< empty: aimlock.lock beside the manifest
    std::vector<std::string> targets;
    bool locked = false;
    bool dry_run = false;
    bool update = false;               ///< `aimlock update`: the lock holds for nothing, or …
    std::vector<std::string> updated;  ///< … for all but these names
    // A request without a manifest.
    std::vector<std::string> conda;
    std::vector<std::string> pypi;
    std::vector<std::string> channels;
    std::string platform;
    std::string python;
    std::string cuda;
    std::vector<std::string> cuda_arch;
    std::string glibc;
    // What overrides a manifest too.
    std::vector<std::string> indexes;
    std::vector<std::string> find_links;  ///< added to what the manifest says
    std::string exclude_newer;
    std::string prerelease;
    std::string resolution;
    std::string channel_priority;
    std::string name_map;
    bool allow_sdist = false;                 ///< `--allow-sdist` was given, with names or …
    std::vector<std::string> allowed_sdists;  ///< … for all where this is empty

    /// True where the request is on the command line, even where a manifest lies in the folder.
    [[nodiscard]] bool is_request() const { return !conda.empty() || !pypi.empty(); }
};

template <class T>
using Checked = tl::expected<T, std::vector<Error>>;

/// The request of the flags alone. `host` is read only where a fact is not given; what was assumed is added
/// to `notes`. All faults are reported.
Checked<Request> request_from_flags(const SolveFlags& flags,
                                    const HostFacts& host,
                                    std::vector<std::string>& notes);

/// Puts the flags that override a manifest over `request`, and fails on those that mean nothing beside one.
Checked<Request> with_overrides(Request request, const SolveFlags& flags);

}  // namespace aimlock::cli
