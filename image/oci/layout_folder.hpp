#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "image/oci/image_config.hpp"
#include "image/replay/file_lock.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// A folder that becomes, or is, an OCI image layout of ours. Blobs come under their digests first,
/// index.json last, by a rename: a reader, or whoever comes after a kill, finds the old image or the new one.
class LayoutFolder {
public:
    /// Makes the folder, or takes one that is empty, ours, or left by a killed run. Anything else is refused.
    /// While this lives, other processes of ours wait for it.
    static Result<LayoutFolder> open(const std::filesystem::path& folder);
    ~LayoutFolder();
    LayoutFolder(LayoutFolder&&) noexcept;
    LayoutFolder& operator=(LayoutFolder&&) = delete;
    LayoutFolder(const LayoutFolder&) = delete;
    LayoutFolder& operator=(const LayoutFolder&) = delete;

    /// For working files, gone with this object.
    [[nodiscard]] const std::filesystem::path& scratch() const { return scratch_; }
    /// Layers of the image that lies here, by what decides their bytes: those whose blobs are all whole.
    [[nodiscard]] std::map<std::string, std::vector<ImageLayer>> reusable(
        const std::set<std::string>& wanted) const;

    /// Takes `file` of the scratch folder as a blob.
    Result<void> take(const std::filesystem::path& file, const Sha256& digest) const;
    /// A blob of these bytes.
    Result<void> write(const std::string& bytes) const;
    /// A blob that lies elsewhere, its digest checked while it is copied.
    Result<void> copy(const std::filesystem::path& file, const BlobReference& blob) const;
    /// Makes `index` the layout's, and removes blobs that are not in `kept`.
    Result<void> finish(const std::string& index, const std::set<std::string>& kept) const;

private:
    LayoutFolder(std::filesystem::path folder, std::filesystem::path scratch, FileLock lock);
    [[nodiscard]] std::filesystem::path blob(const Sha256& digest) const;

    std::filesystem::path folder_;
    std::filesystem::path scratch_;
    FileLock lock_;
};

}  // namespace aimlock
