#include "cli/wiring/stores.hpp"

#include <set>
#include <utility>
#include <vector>

#include "fetch/package_download.hpp"
#include "fetch/session.hpp"
#include "fetch/url.hpp"
#include "fetch/vendor_pool.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

/// Hands packages on whose relative URLs (file channels: a lock holds no path of a machine) are seen from the
/// lock.
class SeenFromLock final : public PackageStore {
public:
    SeenFromLock(PackageStore& inner, fs::path folder) : inner_(inner), folder_(std::move(folder)) {}

    Result<void> provide(std::span<const Package* const> packages,
                         const Ready& ready,
                         Progress& progress) override {
        std::vector<Package> copies;
        copies.reserve(packages.size());
        std::vector<const Package*> seen;
        for (const Package* package : packages) {
            copies.push_back(*package);
            if (!is_channel_url(package->url) && package->artifact != ArtifactKind::git)
                copies.back().url = (folder_ / package->url).lexically_normal().string();
            seen.push_back(&copies.back());
        }
        return inner_.provide(seen, ready, progress);
    }
    [[nodiscard]] Counts counts() const override { return inner_.counts(); }

private:
    PackageStore& inner_;
    fs::path folder_;
};

class Pool final : public OpenedStore {
public:
    explicit Pool(const fs::path& folder) : pool_(folder) {}
    PackageStore& packages() override { return pool_; }
    [[nodiscard]] fs::path unpacked() const override { return {}; }

private:
    VendorPool pool_;
};

class Download final : public OpenedStore {
public:
    Download(FetchOptions fetch, PackageDownloadOptions options, fs::path lock_folder, Log& log)
        : session_(std::move(fetch), log),
          download_(session_, std::move(options)),
          seen_(download_, std::move(lock_folder)) {}
    PackageStore& packages() override { return seen_; }
    [[nodiscard]] fs::path unpacked() const override { return session_.cache_dir() / "unpacked"; }

private:
    FetchSession session_;
    PackageDownload download_;
    SeenFromLock seen_;
};

/// A replay fetches from no host that the lock does not name.
std::set<std::string> hosts_of(const Lock& lock) {
    std::set<std::string> hosts;
    for (const LockSource& source : lock.sources) hosts.insert(source.hosts.begin(), source.hosts.end());
    return hosts;
}

}  // namespace

Result<std::unique_ptr<OpenedStore>> open_store(const StoreChoice& choice,
                                                const Lock& lock,
                                                Console& console) {
    if (!choice.pool.empty()) {
        std::error_code ignored;
        if (!fs::is_directory(choice.pool, ignored)) {
            return fail(ErrorCode::not_found, "there is no pool " + choice.pool.string(),
                        "make it with `aimlock vendor DIR`");
        }
        return std::make_unique<Pool>(choice.pool);
    }
    FetchOptions fetch;
    fetch.environment = Environment::of_process();
    fetch.offline = choice.offline;
    fetch.mirrors = choice.mirrors;
    fetch.mirrors.merge(mirrors_beside(choice.lock_file, console));
    PackageDownloadOptions options;
    options.hosts = hosts_of(lock);
    console.progress();  // before threads log beside it
    return std::make_unique<Download>(std::move(fetch), std::move(options), choice.lock_file.parent_path(),
                                      console);
}

Result<PackageStore::Counts> fill_pool(const StoreChoice& choice,
                                       const Lock& lock,
                                       std::span<const Package* const> packages,
                                       Console& console) {
    auto store = open_store({choice.lock_file, {}, choice.offline, choice.mirrors}, lock, console);
    if (!store) return tl::make_unexpected(std::move(store).error());
    auto written = write_vendor_pool((*store)->packages(), packages, choice.pool, console.progress());
    if (!written) return tl::make_unexpected(std::move(written).error());
    return (*store)->packages().counts();
}

}  // namespace aimlock::cli
