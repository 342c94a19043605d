#include "fetch/worker_pool.hpp"

#include <algorithm>
#include <utility>

namespace aimlock {

WorkerPool::WorkerPool(unsigned threads) {
    if (threads == 0) threads = std::max(2U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        queue_.clear();
        later_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::submit(std::function<void()> work, std::size_t cost) {
    {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
        queue_.emplace(cost, std::move(work));
    }
    changed_.notify_one();
}

void WorkerPool::submit_after(std::chrono::milliseconds wait, std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (ending_) return;
        later_.emplace(Clock::now() + wait, std::move(work));
    }
    changed_.notify_one();  // a worker must learn until when it may sleep
}

void WorkerPool::run() {
    for (;;) {
        std::function<void()> work;
        {
            std::unique_lock lock(mutex_);
            while (!ending_ && queue_.empty()) {
                if (later_.empty()) {
                    changed_.wait(lock);
                } else if (later_.begin()->first <= Clock::now()) {
                    queue_.emplace(0, std::move(later_.begin()->second));
                    later_.erase(later_.begin());
                } else {
                    const Clock::time_point due = later_.begin()->first;  // a copy: the entry may go
                    changed_.wait_until(lock, due);
                }
            }
            if (ending_) return;
            work = std::move(queue_.begin()->second);
            queue_.erase(queue_.begin());
        }
        work();
    }
}

}  // namespace aimlock
