#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/replay/packaged_files.hpp"
#include "image/replay/replayed_package.hpp"
#include "image/replay/staged_tree.hpp"
#include "image/replay/unpacked_store.hpp"

namespace aimlock {

/// Puts the files of one package into a staged tree: as they come out of the archive (it is a FileSink), or
/// from the store of unpacked packages. Here is all that depends on the prefix: paths, placeholders, first
/// lines of scripts, entry points.
class Placement final : public FileSink {
public:
    /// `direct_url`: the text of a wheel's direct_url.json; empty: it has none.
    Placement(const PrefixLayout& layout, StagedTree& tree, std::size_t index, std::string direct_url = {})
        : layout_(layout), tree_(tree), index_(index), direct_url_(std::move(direct_url)) {}

    Result<void> expect(const PackagedFiles& package) override;
    Result<OutputFile> create(std::size_t index, const PackagedFile& file) override;
    Result<void> write(std::size_t index, PackagedFile& file, std::string_view content) override;
    Result<void> link(const PackagedFile& file) override;
    Result<void> second_name(const PackagedFile& file, const PackagedFile& first) override;

    /// Places all of a stored package, `expect` included.
    Result<void> take(UnpackedPackage& stored, Sharing how);
    /// After the last file: what is written for the prefix alone, and the list of all.
    Result<ReplayedPackage> finish(const Package& package, PackagedFiles files);

private:
    [[nodiscard]] std::string path_of(const PackagedFile& file) const;
    Result<void> take_file(const UnpackedPackage& stored, std::size_t index, PackagedFile& file, Sharing how);
    Result<void> link_at(const std::string& path, const PackagedFile& file) const;
    Result<void> generate(const PackagedFiles& files, ReplayedPackage& replayed) const;

    const PrefixLayout& layout_;
    StagedTree& tree_;
    std::size_t index_;
    std::string direct_url_;
    PackageFolder place_;
    std::vector<std::string> paths_;  // of the files, by their index
};

}  // namespace aimlock
