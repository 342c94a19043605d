#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <utility>

namespace aimlock {

/// Locks among processes, one a key, as byte ranges of one file: nothing to clean up, and the kernel lets go
/// of what a killed process held. They only save work: whoever has none writes the same documents.
class KeyLocks {
public:
    /// Held until its end.
    class Held {
    public:
        Held() = default;
        Held(Held&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), at_(other.at_) {}
        Held& operator=(Held&& other) noexcept {
            std::swap(locks_, other.locks_);
            std::swap(at_, other.at_);
            return *this;
        }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        ~Held() { release(); }
        void release();
        explicit operator bool() const { return locks_ != nullptr; }

    private:
        friend class KeyLocks;
        KeyLocks* locks_ = nullptr;
        std::int64_t at_ = 0;
    };
    enum class Outcome : std::uint8_t {
        taken,
        busy,        ///< another process works on the key
        unavailable  ///< no file to lock: go on without
    };

    explicit KeyLocks(std::filesystem::path file) : file_(std::move(file)) {}
    ~KeyLocks();
    KeyLocks(const KeyLocks&) = delete;
    KeyLocks& operator=(const KeyLocks&) = delete;

    /// Does not wait. Thread-safe; within one process no key is ever busy.
    Outcome try_take(std::string_view key, Held& held);

private:
    void release(std::int64_t at) const;

    std::filesystem::path file_;
    std::once_flag opened_;
    int fd_ = -1;
};

}  // namespace aimlock
