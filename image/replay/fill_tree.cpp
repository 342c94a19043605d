#include "image/replay/fill_tree.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include <fmt/core.h>

#include "image/replay/conda_package.hpp"
#include "image/replay/direct_url_json.hpp"
#include "image/replay/placement.hpp"
#include "image/replay/unpacked_store.hpp"
#include "image/replay/wheel_package.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

class Filling {
public:
    Filling(std::span<const Package* const> packages,
            const std::vector<std::string>& names,
            const PrefixLayout& layout,
            const FillOptions& options,
            StagedTree& tree)
        : packages_(packages),
          names_(names),
          layout_(layout),
          options_(options),
          tree_(tree),
          store_(options.unpacked) {
        if (!options.unpacked.empty()) sharing_ = store_.sharing_with(tree.folder());
        filled_.packages.resize(packages.size());
        // The biggest first: what starts last should be over soon.
        order_.resize(packages.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::stable_sort(order_, std::greater{},
                                 [&](std::size_t i) { return packages_[i]->size_bytes; });
    }

    Result<Filled> run(PackageStore& archives, Progress& progress) {
        auto placed = place_built();
        if (!placed) return tl::make_unexpected(placed.error());
        auto shared = share_stored(progress);
        if (!shared) return tl::make_unexpected(shared.error());
        std::vector<const Package*> wanted;
        for (const std::size_t i : order_) wanted.push_back(packages_[i]);
        if (wanted.empty()) return std::move(filled_);
        const auto ready = [&](std::size_t position, const fs::path& archive) -> Result<void> {
            const std::size_t index = order_[position];
            return keep(index, [&] { return unpack(index, archive); });
        };
        const std::uint64_t before = archives.counts().from_store;
        auto provided = archives.provide(wanted, ready, progress);
        if (!provided) return tl::make_unexpected(provided.error());
        filled_.from_store += archives.counts().from_store - before;
        return std::move(filled_);
    }

private:
    /// Places wheels that were built here, and leaves in `order_` what was not. They depend on all that is in
    /// the environment: no other prefix can have the same.
    Result<void> place_built() {
        if (options_.built == nullptr) return {};
        for (const std::size_t index : order_) {
            const auto wheel = options_.built->find(packages_[index]);
            if (wheel == options_.built->end()) continue;
            auto done = keep(index, [&] { return unpack_here(index, wheel->second); });
            if (!done) return done;
        }
        std::erase_if(order_, [&](std::size_t index) { return options_.built->contains(packages_[index]); });
        return {};
    }

    /// In one pass from the archive to the prefix.
    Result<ReplayedPackage> unpack_here(std::size_t index, const fs::path& archive) {
        const Package& package = *packages_[index];
        Placement placement(layout_, tree_, index, direct_url_json(package));
        auto files = package.kind == PackageKind::conda ? unpack_conda_package(package, archive, placement)
                                                        : unpack_wheel(package, archive, placement);
        if (!files) return tl::make_unexpected(files.error());
        return placement.finish(package, std::move(*files));
    }

    /// Places what the store holds, and leaves in `order_` what it does not.
    Result<void> share_stored(Progress& progress) {
        if (sharing_ == Sharing::none) return {};
        std::uint64_t total = 0;
        for (const Package* package : packages_) total += package->size_bytes;
        progress.begin("packages", total, true);
        std::vector<char> absent(packages_.size(), 0);
        std::atomic<std::size_t> next{0};
        std::mutex mutex;
        Result<void> result;
        const auto work = [&] {
            for (std::size_t at = next++; at < order_.size(); at = next++) {
                const std::size_t index = order_[at];
                auto done = keep(index, [&] { return share_one(index, absent[index]); });
                progress.advance(packages_[index]->size_bytes);
                if (done) continue;
                const std::lock_guard lock(mutex);
                if (result) result = std::move(done);
                next = order_.size();
            }
        };
        {
            std::vector<std::jthread> workers;
            const unsigned count =
                options_.threads != 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
            for (unsigned i = 1; i < count; ++i) workers.emplace_back(work);
            work();
        }
        progress.end();
        filled_.from_store = order_.size();
        std::erase_if(order_, [&](std::size_t index) { return absent[index] == 0; });
        filled_.from_store -= order_.size();
        return result;
    }

    Result<ReplayedPackage> share_one(std::size_t index, char& absent) {
        auto stored = store_.find(packages_[index]->sha256, options_.verify);
        if (!stored) {
            absent = 1;
            return ReplayedPackage{};
        }
        return place(index, *stored);
    }

    Result<ReplayedPackage> unpack(std::size_t index, const fs::path& archive) {
        const Package& package = *packages_[index];
        const auto unpack_into = [&](FileSink& sink) {
            return package.kind == PackageKind::conda ? unpack_conda_package(package, archive, sink)
                                                      : unpack_wheel(package, archive, sink);
        };
        if (sharing_ == Sharing::none) return unpack_here(index, archive);
        auto stored = store_.find_or_unpack(package.sha256, options_.verify, unpack_into);
        if (!stored) return tl::make_unexpected(stored.error());
        return place(index, *stored);
    }

    Result<ReplayedPackage> place(std::size_t index, UnpackedPackage& stored) {
        Placement placement(layout_, tree_, index, direct_url_json(*packages_[index]));
        auto taken = placement.take(stored, sharing_);
        if (!taken) return tl::make_unexpected(taken.error());
        return placement.finish(*packages_[index], std::move(stored.package));
    }

    /// Does one package's work and keeps what it gives. Errors get the package's name.
    template <typename Work>
    Result<void> keep(std::size_t index, const Work& work) {
        Result<ReplayedPackage> done;
        try {
            done = work();
        } catch (const std::exception& error) {  // memory, or a library below: the threads must not see it
            done = fail(ErrorCode::io, error.what());
        }
        if (done) {
            filled_.packages[index] = std::move(*done);
            return {};
        }
        Error error = std::move(done.error());
        if (error.code == ErrorCode::io && !error.message.ends_with(')'))
            error.message += fmt::format(" (below {})", tree_.folder().parent_path().string());
        if (!error.message.starts_with(names_[index])) error.message = names_[index] + ": " + error.message;
        return tl::make_unexpected(std::move(error));
    }

    std::span<const Package* const> packages_;
    const std::vector<std::string>& names_;
    const PrefixLayout& layout_;
    const FillOptions& options_;
    StagedTree& tree_;
    UnpackedStore store_;
    Sharing sharing_ = Sharing::none;
    std::vector<std::size_t> order_;
    Filled filled_;
};

}  // namespace

Result<Filled> fill_tree(std::span<const Package* const> packages,
                         const std::vector<std::string>& names,
                         const PrefixLayout& layout,
                         const FillOptions& options,
                         PackageStore& archives,
                         StagedTree& tree,
                         Progress& progress) {
    return Filling(packages, names, layout, options, tree).run(archives, progress);
}

}  // namespace aimlock
