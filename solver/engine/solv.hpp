#pragma once

// The only header that includes libsolv. Everything libsolv-shaped stays in solver/engine/solv.*.
#include <memory>

extern "C" {
#include <solv/pool.h>
#include <solv/queue.h>
#include <solv/repo.h>
#include <solv/solver.h>
}

namespace aimlock::engine {

struct FreeSolv {
    void operator()(::Pool* pool) const noexcept { ::pool_free(pool); }
    void operator()(::Solver* solver) const noexcept { ::solver_free(solver); }
};

/// A libsolv queue that frees itself.
class SolvQueue {
public:
    SolvQueue() { ::queue_init(&queue_); }
    ~SolvQueue() { ::queue_free(&queue_); }
    SolvQueue(const SolvQueue&) = delete;
    SolvQueue& operator=(const SolvQueue&) = delete;

    ::Queue* raw() { return &queue_; }
    void clear() { queue_empty(&queue_); }
    void push(::Id id) { ::queue_push(&queue_, id); }
    [[nodiscard]] int size() const { return queue_.count; }
    ::Id operator[](int i) const { return queue_.elements[i]; }

private:
    ::Queue queue_{};
};

}  // namespace aimlock::engine
