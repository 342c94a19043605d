#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace aimlock {

/// A few threads that run short pieces of work: inflating, parsing, hashing. Of what waits, the cheapest is
/// run first. Work that is still queued when the pool ends is dropped.
class WorkerPool {
public:
    /// `threads` 0: one per processor, at least two.
    explicit WorkerPool(unsigned threads = 0);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// `cost`: of what, is up to the callers, as bytes are; of equal costs, what came first is first.
    void submit(std::function<void()> work, std::size_t cost = 0);
    void submit_after(std::chrono::milliseconds wait, std::function<void()> work);

private:
    using Clock = std::chrono::steady_clock;
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::multimap<std::size_t, std::function<void()>> queue_;  // by cost
    std::multimap<Clock::time_point, std::function<void()>> later_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace aimlock
