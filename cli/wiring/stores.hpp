#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "cli/render/console.hpp"
#include "cli/wiring/mirrors.hpp"
#include "fetch/package_store.hpp"
#include "lock/lockfile.hpp"

namespace aimlock::cli {

/// Where a lock's archives are taken from.
struct StoreChoice {
    std::filesystem::path lock_file;  ///< file channels of the lock are relative to its folder
    std::filesystem::path pool;       ///< a vendored pool; empty: the store, with downloads
    bool offline = false;
    Mirrors mirrors = {};  ///< of the command line, before those of the manifest beside the lock
};

/// A store and all that it needs to live.
class OpenedStore {
public:
    virtual ~OpenedStore() = default;
    virtual PackageStore& packages() = 0;
    /// Folder of the packages that are unpacked once for all prefixes; empty: a pool that is not to be
    /// written to.
    [[nodiscard]] virtual std::filesystem::path unpacked() const = 0;
};

/// Opens the store, or the pool, that holds the archives of `lock`.
Result<std::unique_ptr<OpenedStore>> open_store(const StoreChoice& choice,
                                                const Lock& lock,
                                                Console& console);

/// Copies archives into the pool `choice.pool`, downloading what the store does not hold.
Result<PackageStore::Counts> fill_pool(const StoreChoice& choice,
                                       const Lock& lock,
                                       std::span<const Package* const> packages,
                                       Console& console);

}  // namespace aimlock::cli
