#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>

namespace aimlock {

/// Keys whose documents were handed over and are being written to the cache. What an answer leads to is asked
/// without waiting for the disk; who asks for the same must wait a moment, and not ask the server.
class KeysInWriting {
public:
    /// Calls `hand_over`, then `write`; meanwhile the key is contained.
    void run(const std::string& key,
             const std::function<void()>& hand_over,
             const std::function<void()>& write);
    [[nodiscard]] bool contains(const std::string& key);
    void wait_until_written(const std::string& key);

private:
    std::mutex mutex_;
    std::condition_variable written_;
    std::multiset<std::string> keys_;
};

}  // namespace aimlock
