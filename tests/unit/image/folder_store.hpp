#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "fetch/package_store.hpp"

namespace aimlock::testing {

/// Archives that lie in a folder under their packages' URLs' last part. Hands them out on several threads,
/// each sha256 checked.
class FolderStore final : public PackageStore {
public:
    explicit FolderStore(std::filesystem::path folder, unsigned threads = 2)
        : folder_(std::move(folder)), threads_(threads) {}

    Result<void> provide(std::span<const Package* const> packages,
                         const Ready& ready,
                         Progress& progress) override;
    [[nodiscard]] Counts counts() const override { return counts_; }

private:
    std::filesystem::path folder_;
    unsigned threads_;
    Counts counts_;
};

}  // namespace aimlock::testing
