#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// Where replay gets archives from: the store with its downloads, a vendored pool, or a folder in tests.
class PackageStore {
public:
    virtual ~PackageStore() = default;

    /// What a consumer does with one archive. Called on worker threads, several at once.
    using Ready = std::function<Result<void>(std::size_t index, const std::filesystem::path& archive)>;

    /// Makes the archive of every package present, its size and sha256 verified while it is read or
    /// downloaded, and hands each to `ready` as soon as it is there, `index` counting in `packages`. Stops at
    /// the first failure of either side and returns it. A wrong hash is retried once, then fails naming URL,
    /// both digests and the lock's package.
    virtual Result<void> provide(std::span<const Package* const> packages,
                                 const Ready& ready,
                                 Progress& progress) = 0;

    struct Counts {
        std::uint64_t from_store = 0;  ///< archives that needed no download
        std::uint64_t downloaded = 0;
        std::uint64_t bytes = 0;  ///< downloaded
    };
    [[nodiscard]] virtual Counts counts() const = 0;
};

}  // namespace aimlock
