#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "image/replay/output_file.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

class StagedTree;

/// One path that a package wants to fill.
struct Claim {
    enum class Kind : std::uint8_t { file, link, folder } kind = Kind::file;
    std::string_view path;  ///< relative to the prefix, normal form
    /// An entry point's wrapper: it must not replace, or be replaced by, anything that differs from it.
    bool wrapper = false;
};

/// How a stored file comes into a prefix without being written again.
enum class Sharing : std::uint8_t {
    none,      ///< it cannot: another file system
    reflink,   ///< one content on disk, two files: an edit of one leaves the other
    hardlink,  ///< one file with two names
};

/// The part of a staged tree that one package fills. Every path must have been claimed.
class PackageFolder {
public:
    Result<OutputFile> create(const std::string& path, bool executable) const;
    Result<OutputFile::Written> write(const std::string& path, std::string_view bytes, bool executable) const;
    Result<void> symlink(const std::string& path, const std::string& target) const;
    /// A second name for a file that this package has written.
    Result<void> hardlink(const std::string& path, const std::string& existing) const;
    /// The file `name` of the open folder `from`, shared with it as `how` says. A copy where the file has as
    /// many names as its file system lets it have.
    Result<void> share(
        const std::string& path, int from, const std::string& name, bool executable, Sharing how) const;

    /// Whether another package had claimed `path` before.
    [[nodiscard]] bool is_contested(const std::string& path) const { return contested_.contains(path); }

private:
    friend class StagedTree;
    /// Where the content of `path` lies until the tree is settled, relative to the tree.
    [[nodiscard]] std::string location(const std::string& path) const;

    const StagedTree* tree_ = nullptr;
    std::string side_;  // for paths that an earlier claimant fills too
    std::unordered_set<std::string> contested_;
};

/// A path that packages fill with different content. The one that comes last in the lock's order has it.
struct Clash {
    std::string path;
    std::size_t winner = 0;
    std::vector<std::size_t> losers;
};

/// A prefix under construction. Packages are unpacked into it by several threads at once, in any order, and
/// the result does not depend on that order.
class StagedTree {
public:
    /// `folder` exists and is empty. `packages`: what each is called in messages, in the lock's order.
    static Result<StagedTree> open(std::filesystem::path folder, std::vector<std::string> packages);

    /// Reserves the paths of a package, before anything of it is written, and creates their folders.
    /// `from_wheel`: names that a file system without letter case, or with another Unicode form, would take
    /// for another file's are refused; conda packages for Linux need such names (terminfo). Refuses paths
    /// below another package's file or link.
    Result<PackageFolder> claim(std::size_t package, const std::vector<Claim>& claims, bool from_wheel);

    /// Whether two packages have put the same into a path; nullopt: look at the files.
    using SameContent =
        std::function<std::optional<bool>(const std::string& path, std::size_t a, std::size_t b)>;
    /// After the last package: decides paths with several claimants, checks links, removes working files.
    Result<std::vector<Clash>> settle(const SameContent& same);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// For working files, below `folder()`; gone after `settle`.
    [[nodiscard]] std::filesystem::path work_folder() const { return folder_ / ".aimlock-work"; }
    /// Records where a link points, to be checked by `settle`.
    void note_link(const std::string& path, const std::string& target) const;
    [[nodiscard]] bool sets_modes() const { return sets_modes_; }
    [[nodiscard]] int descriptor() const { return handle_.descriptor(); }

private:
    StagedTree(std::filesystem::path folder, std::vector<std::string> packages, FolderHandle handle);
    struct Holder {
        std::uint32_t package = 0;
        bool wrapper = false;
        bool from_wheel = false;
    };
    Result<void> claim_one(std::size_t package, const Claim& claim, bool from_wheel, PackageFolder& place);
    Result<void> check_folding(const Claim& claim, std::string_view held, bool from_wheel);
    Result<void> make_folder(std::size_t package, std::string_view path);
    Result<void> settle_one(const std::string& path,
                            const std::vector<std::uint32_t>& claimants,
                            const SameContent& same,
                            std::vector<Clash>& clashes);
    [[nodiscard]] Result<void> check_links() const;

    std::filesystem::path folder_;
    std::vector<std::string> packages_;
    FolderHandle handle_;
    bool sets_modes_ = false;  // the umask would take bits away that files must have
    std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
    struct ViewHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_map<std::string, Holder, ViewHash, std::equal_to<>> holders_;
    std::unordered_set<std::string, ViewHash, std::equal_to<>> folders_;
    std::unordered_map<std::uint64_t, std::string_view>
        folded_;  // by the hash of the folded path: a holder's
    std::map<std::string, std::vector<std::uint32_t>> contested_;  // beside the holder
    std::unordered_set<std::string> wrapper_clashes_;
    mutable std::map<std::string, std::string> links_;
};

}  // namespace aimlock
