#pragma once

#include <cstdint>
#include <string_view>

namespace aimlock {

enum class LogLevel : std::uint8_t { warning, note, detail };

/// Where the layers below the command line say things. Passed in, never global; the solver and the fetcher
/// print nothing.
class Log {
public:
    virtual ~Log() = default;
    virtual void write(LogLevel level, std::string_view message) = 0;
};

/// How long work is followed: bytes or items done of a total. Thread-safe in every implementation.
class Progress {
public:
    virtual ~Progress() = default;
    /// A new phase; `total` 0 means not known yet. `unit_is_bytes` decides how amounts are shown.
    virtual void begin(std::string_view phase, std::uint64_t total, bool unit_is_bytes) = 0;
    /// The total became known or grew.
    virtual void grow(std::uint64_t total) = 0;
    virtual void advance(std::uint64_t amount) = 0;
    /// A short word on what is under way: "round 2, waiting for torchvision".
    virtual void status(std::string_view text) = 0;
    virtual void end() = 0;
};

/// A Log and a Progress that say nothing: for tests and for callers who do not care.
class SilentLog final : public Log {
public:
    void write(LogLevel, std::string_view) override {}
};
class SilentProgress final : public Progress {
public:
    void begin(std::string_view, std::uint64_t, bool) override {}
    void grow(std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void status(std::string_view) override {}
    void end() override {}
};

}  // namespace aimlock
