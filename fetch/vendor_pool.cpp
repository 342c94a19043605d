#include "fetch/vendor_pool.hpp"

#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "fetch/archive_store.hpp"
#include "fetch/atomic_file.hpp"

namespace aimlock {
namespace {

Result<void> copy_archive(const std::filesystem::path& from, const std::filesystem::path& to) {
    const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (in < 0) return tl::make_unexpected(io_error(from, "open"));
    auto out = AtomicFile::create(to);
    Result<void> done;
    if (!out) done = tl::make_unexpected(out.error());
    std::vector<char> buffer(std::size_t{1} << 20U);
    while (done) {
        const ssize_t size = ::read(in, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) done = tl::make_unexpected(io_error(from, "read"));
        if (size <= 0) break;
        done = out->write({buffer.data(), static_cast<std::size_t>(size)});
    }
    ::close(in);
    return done ? out->commit() : done;
}

}  // namespace

VendorPool::VendorPool(std::filesystem::path folder, unsigned threads)
    : folder_(std::move(folder)),
      threads_(threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency())) {}

Result<void> VendorPool::provide(std::span<const Package* const> packages,
                                 const Ready& ready,
                                 Progress& progress) {
    std::uint64_t total = 0;
    for (const Package* package : packages) total += package->size_bytes;
    progress.begin("packages", total, true);
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::optional<Error> failed;
    std::atomic<bool> stopping{false};
    const auto one = [&](std::size_t index) -> Result<void> {
        const Package& package = *packages[index];
        const std::filesystem::path file = folder_ / archive_name(package);
        const auto state = check_archive(file, package);
        if (!state) return tl::make_unexpected(state.error());
        if (*state == ArchiveState::absent) {
            return fail(ErrorCode::not_found,
                        fmt::format("{}: the pool does not hold {}", file.string(), shown_package(package)),
                        "Write it with `aimlock vendor`");
        }
        if (*state == ArchiveState::damaged) {
            return fail(ErrorCode::integrity,
                        fmt::format("{}: size or sha256 is not what the lock promises for {}", file.string(),
                                    shown_package(package)));
        }
        ++from_store_;
        progress.advance(package.size_bytes);
        return ready(index, file);
    };
    const auto work = [&] {
        for (std::size_t index = next++; index < packages.size() && !stopping; index = next++) {
            auto done = one(index);
            if (done) continue;
            const std::lock_guard lock(mutex);
            if (!failed) failed = std::move(done.error());
            stopping = true;
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < threads_; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    progress.end();
    if (failed) return tl::make_unexpected(std::move(*failed));
    return {};
}

Result<void> write_vendor_pool(PackageStore& source,
                               std::span<const Package* const> packages,
                               const std::filesystem::path& folder,
                               Progress& progress) {
    std::vector<const Package*> missing;
    for (const Package* package : packages) {
        const auto state = check_archive(folder / archive_name(*package), *package);
        if (!state) return tl::make_unexpected(state.error());
        if (*state != ArchiveState::whole) missing.push_back(package);
    }
    const auto copy = [&](std::size_t index, const std::filesystem::path& archive) {
        return copy_archive(archive, folder / archive_name(*missing[index]));
    };
    return source.provide(missing, copy, progress);
}

}  // namespace aimlock
