#pragma once

#include <atomic>
#include <filesystem>

#include "fetch/package_store.hpp"

namespace aimlock {

/// Archives from a folder of files named `<sha256>.conda`, `<sha256>.tar.bz2` or `<sha256>.whl`: what
/// `aimlock vendor` writes. No network; a missing or damaged file is an error that names it.
class VendorPool final : public PackageStore {
public:
    explicit VendorPool(std::filesystem::path folder, unsigned threads = 0);

    Result<void> provide(std::span<const Package* const> packages,
                         const Ready& ready,
                         Progress& progress) override;
    [[nodiscard]] Counts counts() const override { return {from_store_.load(), 0, 0}; }

private:
    std::filesystem::path folder_;
    unsigned threads_;
    std::atomic<std::uint64_t> from_store_{0};
};

/// Writes the archives of `packages` into a pool; those that are there already, and whole, are left alone.
/// Other files of the folder stay.
Result<void> write_vendor_pool(PackageStore& source,
                               std::span<const Package* const> packages,
                               const std::filesystem::path& folder,
                               Progress& progress);

}  // namespace aimlock
