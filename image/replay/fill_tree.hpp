#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fetch/package_store.hpp"
#include "image/replay/replayed_package.hpp"
#include "image/replay/staged_tree.hpp"

namespace aimlock {

struct FillOptions {
    /// Folder of the store of unpacked packages that the prefix shares files with; empty: every archive is
    /// unpacked into the prefix in one pass.
    std::filesystem::path unpacked;
    bool verify = false;   ///< hash what the store holds before it is shared
    unsigned threads = 0;  ///< for what is in the store; 0: one per processor
    /// Wheels that were built of packages that are none: those are unpacked, and shared with nobody.
    const std::map<const Package*, std::filesystem::path>* built = nullptr;
};

struct Filled {
    std::vector<ReplayedPackage> packages;  ///< in the order of those asked for
    std::uint64_t from_store = 0;           ///< archives that needed no download
};

/// Puts all of `packages`, called `names` in messages, into `tree`: from the store of unpacked packages what
/// is there, then the rest from `archives`, each as it arrives, the biggest first.
Result<Filled> fill_tree(std::span<const Package* const> packages,
                         const std::vector<std::string>& names,
                         const PrefixLayout& layout,
                         const FillOptions& options,
                         PackageStore& archives,
                         StagedTree& tree,
                         Progress& progress);

}  // namespace aimlock
