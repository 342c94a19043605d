#include "fetch/keys_in_writing.hpp"

namespace aimlock {

void KeysInWriting::run(const std::string& key,
                        const std::function<void()>& hand_over,
                        const std::function<void()>& write) {
    {
        const std::lock_guard lock(mutex_);
        keys_.insert(key);
    }
    hand_over();
    write();
    {
        const std::lock_guard lock(mutex_);
        keys_.erase(keys_.find(key));
    }
    written_.notify_all();
}

bool KeysInWriting::contains(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return keys_.contains(key);
}

void KeysInWriting::wait_until_written(const std::string& key) {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [&] { return !keys_.contains(key); });
}

}  // namespace aimlock
