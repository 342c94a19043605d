#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fetch/package_store.hpp"
#include "image/replay/source_build.hpp"
#include "lock/lockfile.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Where and how a lock is replayed.
struct InstallOptions {
    std::string target;  ///< a target of the lock
    std::filesystem::path
        prefix;                  ///< where the environment will live: the path that is written into its files
    std::filesystem::path root;  ///< written below this folder (image builds); empty: the prefix itself
    std::optional<std::string>
        group;              ///< one group of a per-group lock slice; the rest of the prefix is not there
    bool repair = false;    ///< restore edited and missing files of an installed prefix
    bool byte_code = true;  ///< compile `.pyc`, unchecked-hash (install-and-image.md 3.5)
    /// Store of unpacked packages that prefixes share files with; empty, or with `root` (but see
    /// `only_read`): archives are unpacked in one pass into the prefix.
    std::filesystem::path unpacked;
    /// With `root`: the tree is only there to be read (the layer of an image that is written directly). It
    /// may share files with `unpacked`, and times stay as they are.
    bool only_read = false;
    BuildConsent build;    ///< of packages that are no wheels
    bool verify = false;   ///< read and hash what sizes and times would vouch for: the prefix, the store
    unsigned threads = 0;  ///< 0: one per processor
};

struct InstallReport {
    std::uint64_t packages = 0;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;         ///< written
    std::uint64_t from_store = 0;    ///< archives that needed no download
    std::vector<std::string> notes;  ///< scripts not run, .pth files, …
    /// Files of the installed prefix that differ from its records: nothing was changed (exit 1). Empty:
    /// installed.
    std::vector<std::string> edited;
};

/// Replays the packages of one target into a prefix. On any failure the prefix is as it was, or absent.
/// A prefix that already holds this lock is left alone; one that holds another lock of ours is replaced as a
/// whole; a folder that is not ours and not empty is refused.
Result<InstallReport> install(const Lock& lock,
                              const InstallOptions& options,
                              PackageStore& store,
                              Progress& progress);

}  // namespace aimlock
