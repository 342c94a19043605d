#include "tests/unit/image/folder_store.hpp"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "fetch/archive/mapped_file.hpp"

namespace aimlock::testing {

Result<void> FolderStore::provide(std::span<const Package* const> packages, const Ready& ready, Progress&) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Result<void> result;
    const auto one = [&](std::size_t i) -> Result<void> {
        const Package& package = *packages[i];
        const auto file = folder_ / package.url.substr(package.url.rfind('/') + 1);
        const auto mapped = MappedFile::open(file);
        if (!mapped) return tl::make_unexpected(mapped.error());
        if (sha256_of(mapped->bytes()) != package.sha256) return fail(ErrorCode::integrity, file.string());
        return ready(i, file);
    };
    const auto work = [&] {
        for (std::size_t i = next++; i < packages.size(); i = next++) {
            auto done = one(i);
            const std::lock_guard lock(mutex);
            ++counts_.from_store;
            if (done) continue;
            if (result) result = done;
            next = packages.size();
        }
    };
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads_; ++i) workers.emplace_back(work);
    workers.clear();
    return result;
}

}  // namespace aimlock::testing
