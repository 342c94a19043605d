#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fetch/package_store.hpp"
#include "image/replay/prefix_state.hpp"
#include "image/replay/replayed_package.hpp"
#include "lock/lockfile.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What an installation may build. Building runs code that the package brought.
struct BuildConsent {
    bool all = false;
    std::vector<std::string> names;  ///< normalised; these even where not all may be
    /// Also where this machine cannot cut a build off the network: then it runs as any program of the user.
    bool unconfined = false;

    [[nodiscard]] bool covers(const std::string& name) const;
};

/// How a target's packages are built.
struct SourceBuilding {
    const LockTarget* target = nullptr;
    PrefixLayout layout;
    std::filesystem::path destination;  ///< the prefix: working folders lie beside it
    std::filesystem::path unpacked;     ///< as of InstallOptions
    BuildConsent consent;
    bool verify = false;
    unsigned threads = 0;
};

/// The wheels that were built, by package. They are gone with this object.
struct BuiltWheels {
    std::map<const Package*, std::filesystem::path> files;
    std::unique_ptr<StagingFolder> folder;  ///< that they lie in
};

/// Builds a wheel of every package of `packages` that is none, in the environment that the others make: what
/// it links against is what was locked. Each build is a process without network that sees that environment
/// at the prefix's own path, read-only, and writes to one folder; it calls the hook `build_wheel` of the
/// locked backend (PEP 517). What comes out must have the locked name and version, fit the target, and
/// require nothing that the lock does not know. Fails with code `refused` where consent is missing, naming
/// for what.
Result<BuiltWheels> build_sources(std::span<const Package* const> packages,
                                  const SourceBuilding& building,
                                  PackageStore& archives,
                                  Progress& progress,
                                  std::vector<std::string>& notes);

}  // namespace aimlock
