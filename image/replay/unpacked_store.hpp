#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "image/replay/packaged_files.hpp"
#include "image/replay/staged_tree.hpp"
#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// A package of the store, with its files' folder.
struct UnpackedPackage {
    PackagedFiles package;
    FolderHandle folder;

    /// The content of one file.
    [[nodiscard]] Result<std::string> read(std::size_t index) const;
};

/// Packages taken apart, by the sha256 of their archive, so that prefixes can share their files:
///
///     <folder>/ab/abcd…/list     what is in it, written last; a digest at its end
///                       0 1 2 …  the files, numbered as the list has them
///
/// Files lie flat: a package costs one folder, and no name of an archive is ever a name here. A folder comes
/// into its place by a rename, so it is there whole or not at all.
class UnpackedStore {
public:
    explicit UnpackedStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Unpacks a package: gives its sink the files, and returns their list.
    using Unpack = std::function<Result<PackagedFiles>(FileSink& sink)>;

    /// The package with this archive; nullopt when it is not there, not whole, or one of its files was edited
    /// since (an edit in a prefix that shares it is an edit here). `verify`: reads and hashes every file.
    [[nodiscard]] std::optional<UnpackedPackage> find(const Sha256& archive, bool verify) const;
    /// The same, unpacked if it is not there. Among processes that share the store one unpacks, and the
    /// others wait for it.
    Result<UnpackedPackage> find_or_unpack(const Sha256& archive, bool verify, const Unpack& unpack) const;

    /// How files of the store can come into `folder`.
    [[nodiscard]] Sharing sharing_with(const std::filesystem::path& folder) const;

    static std::string name_of(std::size_t index) { return std::to_string(index); }

private:
    [[nodiscard]] std::filesystem::path place_of(const Sha256& archive) const;
    static Result<void> fill(const std::filesystem::path& folder, const Unpack& unpack);

    std::filesystem::path folder_;
};

}  // namespace aimlock
