#include "fetch/package_download.hpp"

#include <condition_variable>
#include <deque>
#include <thread>

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "fetch/archive_receiver.hpp"
#include "fetch/archive_store.hpp"
#include "fetch/atomic_file.hpp"
#include "fetch/git/git_commit.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

bool is_local(const Package& package) {
    if (package.artifact == ArtifactKind::git) return false;  // a repository that is a folder is fetched, too
    return is_file_url(package.url) || !is_channel_url(package.url);
}

}  // namespace

/// One call of `provide`. Tasks run on its own threads: checking, committing, and the caller's `ready`; bytes
/// are taken on the network thread. A package moves: check -> (present: ready) or wanted -> downloading ->
/// commit -> ready.
class PackageDownload::Run {
public:
    Run(PackageDownload& owner,
        std::span<const Package* const> packages,
        const Ready& ready,
        Progress& progress)
        : owner_(owner), packages_(packages), ready_(ready), progress_(progress), left_(packages.size()) {}

    Result<void> run() {
        std::uint64_t total = 0;
        for (const Package* package : packages_) {
            if (auto allowed = allow(*package); !allowed) return allowed;
            total += package->size_bytes;
        }
        if (auto room = check_room(); !room) return room;
        progress_.begin("packages", total, true);
        for (std::size_t i = 0; i < packages_.size(); ++i) {
            tasks_.emplace_back([this, i] { check(i); });
        }
        const unsigned count = owner_.options_.threads != 0
                                   ? owner_.options_.threads
                                   : std::max(1U, std::thread::hardware_concurrency());
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
        for (std::thread& thread : threads) thread.join();
        progress_.end();
        if (failed_) return tl::make_unexpected(std::move(*failed_));
        return {};
    }

private:
    struct Download {
        std::size_t index = 0;
        ArchiveLock lock;
        std::optional<ArchiveReceiver> receiver;
        std::vector<std::string> urls;
        std::size_t url = 0;
        bool second_attempt = false;
    };

    Result<void> allow(const Package& package) const {
        if (!package.sha256.known())
            return fail(ErrorCode::lock, package.name + ": the lock states no sha256");
        if (is_local(package) || !owner_.options_.hosts || package.url.starts_with("git+file://")) return {};
        const bool git = package.artifact == ArtifactKind::git;
        const auto parts = split_url(std::string_view(package.url).substr(git ? 4 : 0));  // "git+"
        if (parts && owner_.options_.hosts->contains(parts->host)) return {};
        return fail(ErrorCode::refused,
                    fmt::format("{}: the host {} is neither a channel's nor an index's of this lock",
                                shown_package(package), parts ? parts->host : "it names"));
    }

    Result<void> check_room() const {
        std::uint64_t wanted = 0;
        std::error_code failed;
        for (const Package* package : packages_) {
            if (!is_local(*package) &&
                !std::filesystem::exists(archive_path(owner_.folder(), *package), failed))
                wanted += package->size_bytes;
        }
        struct statvfs status {};
        if (wanted == 0 || ::statvfs(owner_.session_.cache_dir().c_str(), &status) != 0) return {};
        const std::uint64_t free = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
        if (free >= wanted) return {};
        return fail(ErrorCode::io,
                    fmt::format("{}: {} bytes are needed for downloads, {} are free",
                                owner_.folder().string(), wanted, free),
                    "Free space on this file system, or name another folder with XDG_CACHE_HOME");
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            if (over()) return changed_.notify_all();
            if (!tasks_.empty()) {
                auto task = std::move(tasks_.front());
                tasks_.pop_front();
                lock.unlock();
                task();
                lock.lock();
            } else if (!busy_.empty() && !failed_) {
                // Archives that other processes are downloading: look again after a while.
                changed_.wait_for(lock, std::chrono::milliseconds(50));
                if (tasks_.empty())
                    wanted_.insert(wanted_.end(), busy_.begin(), busy_.end()), busy_.clear(), pump();
            } else {
                changed_.wait(lock);
            }
        }
    }

    /// Everything done, or failed and no transfer that could still call back.
    [[nodiscard]] bool over() const { return failed_ ? in_flight_ == 0 : left_ == 0; }

    void post(std::function<void()> task) {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        changed_.notify_one();
    }

    void fail_with(Error error) {
        const std::lock_guard lock(mutex_);
        if (!failed_) failed_ = std::move(error);
        stopping_ = true;
        changed_.notify_all();
    }

    [[nodiscard]] const Package& package(std::size_t index) const { return *packages_[index]; }

    void check(std::size_t index) {
        if (stopping_) return;
        const Package& wanted = package(index);
        const bool local = is_local(wanted);
        const std::filesystem::path file =
            local ? path_of_file_url(wanted.url) : archive_path(owner_.folder(), wanted);
        const auto state = check_archive(file, wanted);
        if (!state) return fail_with(state.error());
        if (*state == ArchiveState::whole) {
            ++owner_.from_store_;
            progress_.advance(wanted.size_bytes);
            return hand_over(index, file);
        }
        if (local && *state == ArchiveState::absent)
            return fail_with(Error{ErrorCode::not_found, file.string() + ": no such file", {{}, 0, 0}, {}});
        if (local) {
            return fail_with(Error{ErrorCode::integrity,
                                   fmt::format("{}: size or sha256 is not what the lock promises ({})",
                                               shown_package(wanted), wanted.sha256.hex()),
                                   {{}, 0, 0},
                                   {}});
        }
        if (owner_.session_.options().offline) {
            return fail_with(
                Error{ErrorCode::offline_miss,
                      shown_package(wanted) + " is not in the cache, and --offline allows no request",
                      {{}, 0, 0},
                      "Run once without --offline, or give `--vendor DIR`"});
        }
        if (wanted.artifact == ArtifactKind::git) return bring_commit(index, file);
        const std::lock_guard lock(mutex_);
        wanted_.push_back(index);
        pump();
    }

    /// The tree of a commit, by git and not by a request of ours.
    void bring_commit(std::size_t index, const std::filesystem::path& file) {
        const Package& wanted = package(index);
        const auto tree = fetch_commit(owner_.session_, wanted.url);
        if (!tree) return fail_with(tree.error());
        if (const Sha256 found = sha256_of(*tree); found != wanted.sha256) {
            return fail_with(Error{ErrorCode::integrity,
                                   fmt::format("{}: the sha256 of its tree is {}, but the lock promises {}",
                                               shown_package(wanted), found.hex(), wanted.sha256.hex()),
                                   {{}, 0, 0},
                                   {}});
        }
        if (auto written = write_file_atomically(file, *tree); !written) return fail_with(written.error());
        ++owner_.downloaded_;
        progress_.advance(wanted.size_bytes);
        hand_over(index, file);
    }

    void hand_over(std::size_t index, const std::filesystem::path& file) {
        if (auto taken = ready_(index, file); !taken) return fail_with(std::move(taken.error()));
        const std::lock_guard lock(mutex_);
        --left_;
        changed_.notify_all();
    }

    /// Starts as many downloads as may run at once. The mutex is held.
    void pump() {
        while (!stopping_ && in_flight_ < owner_.options_.at_once && !wanted_.empty()) {
            const std::size_t index = wanted_.front();
            wanted_.pop_front();
            ++in_flight_;
            tasks_.emplace_back([this, index] { begin(index); });
            changed_.notify_one();
        }
    }

    void landed() {
        const std::lock_guard lock(mutex_);
        --in_flight_;
        pump();
        changed_.notify_all();
    }

    void begin(std::size_t index) {
        const Package& wanted = package(index);
        const std::filesystem::path file = archive_path(owner_.folder(), wanted);
        auto lock = ArchiveLock::try_take(file);
        if (!lock) {
            fail_with(std::move(lock.error()));
            return landed();
        }
        if (!lock->held()) {
            {
                const std::lock_guard held(mutex_);
                busy_.push_back(index);
            }
            return landed();
        }
        // Another process may have brought it since `check`.
        if (const auto state = check_archive(file, wanted); state && *state == ArchiveState::whole) {
            ++owner_.from_store_;
            landed();
            return hand_over(index, file);
        }
        auto part = AtomicFile::create(file);
        if (!part) {
            fail_with(std::move(part.error()));
            return landed();
        }
        auto download = std::make_shared<Download>();
        download->index = index;
        download->lock = std::move(*lock);
        download->urls = owner_.session_.candidates(wanted.url);
        download->receiver.emplace(wanted, std::move(*part), [this](std::int64_t bytes) {
            if (bytes > 0) progress_.advance(static_cast<std::uint64_t>(bytes));
            if (bytes < 0) progress_.grow(static_cast<std::uint64_t>(-bytes));
        });
        send(download);
    }

    void send(const std::shared_ptr<Download>& download) {
        HttpRequest request;
        request.url = download->urls[download->url];
        request.body_cap = std::uint64_t{1} << 40U;  // the lock's size bounds it
        request.before_try = [download](HttpRequest& next) { download->receiver->before_try(next); };
        request.sink = [this, download](const HttpResponse& head, std::string_view piece) -> Result<void> {
            if (stopping_) return fail(ErrorCode::internal, "stopped");
            owner_.bytes_ += piece.size();
            return download->receiver->take(head, piece);
        };
        owner_.session_.registries().get_archive(
            std::move(request), package(download->index).sha256,
            [this, download](Result<HttpResponse> response) {
                auto held = std::make_shared<Result<HttpResponse>>(std::move(response));
                post([this, download, held] { arrived(download, std::move(*held)); });
            });
    }

    void arrived(const std::shared_ptr<Download>& download, Result<HttpResponse> response) {
        const Package& wanted = package(download->index);
        Result<void> finished;
        if (!response) {
            finished = tl::make_unexpected(std::move(response.error()));
        } else if (response->status != 200 && response->status != 206) {
            finished =
                fail(response->status == 404 || response->status == 410 ? ErrorCode::not_found
                                                                        : ErrorCode::network,
                     fmt::format("{}: the server answered HTTP {}", shown_package(wanted), response->status));
        } else {
            finished = download->receiver->finish();
        }
        if (finished) {
            ++owner_.downloaded_;
            const std::filesystem::path file = archive_path(owner_.folder(), wanted);
            download->lock = ArchiveLock{};
            landed();
            return hand_over(download->index, file);
        }
        if (!stopping_ && try_again(*download, finished.error())) return send(download);
        download->receiver.reset();  // removes the part of a file that is there
        download->lock = ArchiveLock{};
        fail_with(std::move(finished.error()));
        landed();
    }

    /// A wrong hash is tried once more; then, and after faults, the next mirror.
    bool try_again(Download& download, const Error& error) {
        const bool wrong_bytes = error.code == ErrorCode::integrity;
        const bool once_more = wrong_bytes && !std::exchange(download.second_attempt, true);
        if (!once_more) {
            if (error.code == ErrorCode::io || download.url + 1 >= download.urls.size()) return false;
            ++download.url;
        }
        return download.receiver->restart().has_value();
    }

    PackageDownload& owner_;
    std::span<const Package* const> packages_;
    const Ready& ready_;
    Progress& progress_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    std::deque<std::size_t> wanted_;  // absent from the store
    std::vector<std::size_t> busy_;   // being downloaded by another process
    std::size_t in_flight_ = 0;
    std::size_t left_;
    std::optional<Error> failed_;
    std::atomic<bool> stopping_{false};
};

PackageDownload::PackageDownload(FetchSession& session, PackageDownloadOptions options)
    : session_(session), options_(std::move(options)) {}

Result<void> PackageDownload::provide(std::span<const Package* const> packages,
                                      const Ready& ready,
                                      Progress& progress) {
    return Run(*this, packages, ready, progress).run();
}

PackageStore::Counts PackageDownload::counts() const {
    return {from_store_.load(), downloaded_.load(), bytes_.load()};
}

}  // namespace aimlock
