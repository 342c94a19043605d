#include "fetch/worker_pool.hpp"

#include <future>
#include <string>

#include <gtest/gtest.h>

namespace aimlock {
namespace {

TEST(WorkerPools, RunTheCheapestOfWhatWaits) {
    std::string order;
    std::promise<void> open;
    std::promise<void> done;
    {
        WorkerPool pool(1);
        pool.submit([gate = open.get_future().share()] { gate.wait(); });
        for (const auto& [name, cost] : {std::pair('c', 5000U), std::pair('a', 10U), std::pair('b', 10U)})
            pool.submit([&order, name = name] { order += name; }, cost);
        pool.submit([&done] { done.set_value(); }, 9000);
        open.set_value();
        done.get_future().wait();
    }
    EXPECT_EQ(order, "abc");
}

}  // namespace
}  // namespace aimlock
