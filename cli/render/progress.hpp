#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "cli/render/console.hpp"

namespace aimlock::cli {

/// Milliseconds of a clock that never goes back.
std::int64_t steady_milliseconds();

using FrameWriter = std::function<void(std::string_view)>;  ///< one call is one write
using MillisecondClock = std::function<std::int64_t()>;

/// Calls `tick` of a view ten times a second, on a thread of its own.
class Ticker {
public:
    explicit Ticker(ProgressView& view);
    ~Ticker();
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool ended_ = false;
    std::thread thread_;
};

/// A phase as it is told.
struct Phase {
    std::string name;
    std::string status;
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< 0: not known
    bool unit_is_bytes = false;
    std::int64_t began_ms = 0;

    /// "1.2 MiB of 3.4 MiB", "12 of 41", "12", or nothing where nothing is counted.
    [[nodiscard]] std::string amount() const;
};

/// One line on a terminal, redrawn in place: at most 10 frames a second, none in the first 100 ms, each one
/// write.
class ProgressTty final : public ProgressView {
public:
    ProgressTty(FrameWriter write, std::function<unsigned()> width, MillisecondClock now);
    void begin(std::string_view phase, std::uint64_t total, bool unit_is_bytes) override;
    void grow(std::uint64_t total) override;
    void advance(std::uint64_t amount) override;
    void status(std::string_view text) override;
    void end() override;
    void clear() override;
    void print(std::string_view text) override;
    void tick() override;

private:
    void draw_if_due();
    void erase();
    FrameWriter write_;
    std::function<unsigned()> width_;
    MillisecondClock now_;
    std::mutex mutex_;
    Phase phase_;
    bool active_ = false;
    bool drawn_ = false;
    std::int64_t last_frame_ms_ = 0;
};

/// Lines for a log: one when a phase has lasted a second, then at most one every 10 s.
class ProgressPlain final : public ProgressView {
public:
    ProgressPlain(FrameWriter write, MillisecondClock now);
    void begin(std::string_view phase, std::uint64_t total, bool unit_is_bytes) override;
    void grow(std::uint64_t total) override;
    void advance(std::uint64_t amount) override;
    void status(std::string_view text) override;
    void end() override;
    void clear() override {}
    void print(std::string_view text) override;
    void tick() override;

private:
    void tell_if_due();
    FrameWriter write_;
    MillisecondClock now_;
    std::mutex mutex_;
    Phase phase_;
    bool active_ = false;
    std::int64_t next_line_ms_ = 0;
};

}  // namespace aimlock::cli
