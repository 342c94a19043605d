#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace aimlock {

/// A few threads that run short pieces of work: inflating, parsing, hashing. Order is not kept. Work that is
/// still queued when the pool ends is dropped.
class WorkerPool {
public:
    /// `threads` 0: one per processor, at least two.
    explicit WorkerPool(unsigned threads = 0);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    void submit(std::function<void()> work);
    void submit_after(std::chrono::milliseconds wait, std::function<void()> work);

private:
    using Clock = std::chrono::steady_clock;
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    std::multimap<Clock::time_point, std::function<void()>> later_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace aimlock
