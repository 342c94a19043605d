#include "cli/render/progress.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

constexpr std::int64_t first_frame_after_ms = 100;
constexpr std::int64_t frame_every_ms = 100;
constexpr std::int64_t first_line_after_ms = 1000;
constexpr std::int64_t line_every_ms = 10'000;

}  // namespace

std::int64_t steady_milliseconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Ticker::Ticker(ProgressView& view)
    : thread_([this, &view] {
          std::unique_lock lock(mutex_);
          while (
              !wake_.wait_for(lock, std::chrono::milliseconds(frame_every_ms), [this] { return ended_; })) {
              view.tick();
          }
      }) {}

Ticker::~Ticker() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

std::string Phase::amount() const {
    const auto shown = [this](std::uint64_t n) { return unit_is_bytes ? size_text(n) : grouped(n); };
    if (total > 0) return fmt::format("{} of {}", shown(done), shown(total));
    return done > 0 ? shown(done) : std::string();
}

ProgressTty::ProgressTty(FrameWriter write, std::function<unsigned()> width, MillisecondClock now)
    : write_(std::move(write)), width_(std::move(width)), now_(std::move(now)) {}

void ProgressTty::begin(std::string_view phase, std::uint64_t total, bool unit_is_bytes) {
    const std::lock_guard lock(mutex_);
    phase_ = Phase{escaped(phase), {}, 0, total, unit_is_bytes, now_()};
    active_ = true;
    draw_if_due();
}

void ProgressTty::grow(std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    phase_.total = total;
}

void ProgressTty::advance(std::uint64_t amount) {
    const std::lock_guard lock(mutex_);
    phase_.done += amount;
    draw_if_due();
}

void ProgressTty::status(std::string_view text) {
    const std::lock_guard lock(mutex_);
    phase_.status = escaped(text);
    draw_if_due();
}

void ProgressTty::end() {
    const std::lock_guard lock(mutex_);
    active_ = false;
    erase();
}

void ProgressTty::clear() {
    const std::lock_guard lock(mutex_);
    erase();
}

void ProgressTty::print(std::string_view text) {
    const std::lock_guard lock(mutex_);
    erase();
    write_(text);
}

void ProgressTty::tick() {
    const std::lock_guard lock(mutex_);
    draw_if_due();
}

void ProgressTty::erase() {
    if (!drawn_) return;
    write_("\r\x1b[2K");
    drawn_ = false;
}

void ProgressTty::draw_if_due() {
    if (!active_) return;
    const std::int64_t now = now_();
    if (now - phase_.began_ms < first_frame_after_ms) return;
    if (last_frame_ms_ != 0 && now - last_frame_ms_ < frame_every_ms) return;
    last_frame_ms_ = now;
    const std::string time = duration_text(static_cast<double>(now - phase_.began_ms));
    // One column less than the terminal has: a line that fills the last one wraps on some.
    const std::size_t columns = std::max(40U, width_()) - 1;
    std::string text = padded_right(phase_.name, 9);
    if (const std::string amount = phase_.amount(); !amount.empty()) text += " " + amount;
    if (!phase_.status.empty()) text += "  " + phase_.status;
    const std::size_t room = columns - display_width(time) - 1;
    text = padded_right(shortened(text, room, ".."), room);
    write_("\x1b[?2026h\r\x1b[2K" + text + " " + time + "\x1b[?2026l");
    drawn_ = true;
}

ProgressPlain::ProgressPlain(FrameWriter write, MillisecondClock now)
    : write_(std::move(write)), now_(std::move(now)) {}

void ProgressPlain::begin(std::string_view phase, std::uint64_t total, bool unit_is_bytes) {
    const std::lock_guard lock(mutex_);
    phase_ = Phase{escaped(phase), {}, 0, total, unit_is_bytes, now_()};
    next_line_ms_ = phase_.began_ms + first_line_after_ms;
    active_ = true;
}

void ProgressPlain::grow(std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    phase_.total = total;
}

void ProgressPlain::advance(std::uint64_t amount) {
    const std::lock_guard lock(mutex_);
    phase_.done += amount;
    tell_if_due();
}

void ProgressPlain::status(std::string_view text) {
    const std::lock_guard lock(mutex_);
    phase_.status = escaped(text);
    tell_if_due();
}

void ProgressPlain::end() {
    const std::lock_guard lock(mutex_);
    active_ = false;
}

void ProgressPlain::print(std::string_view text) {
    const std::lock_guard lock(mutex_);
    write_(text);
}

void ProgressPlain::tick() {
    const std::lock_guard lock(mutex_);
    tell_if_due();
}

void ProgressPlain::tell_if_due() {
    const std::int64_t now = now_();
    if (!active_ || now < next_line_ms_) return;
    next_line_ms_ = now + line_every_ms;
    std::string text = phase_.name;
    if (const std::string amount = phase_.amount(); !amount.empty()) text += " " + amount;
    if (!phase_.status.empty()) text += ", " + phase_.status;
    write_(fmt::format("{}, {}\n", text, duration_text(static_cast<double>(now - phase_.began_ms))));
}

}  // namespace aimlock::cli
