#include "lock/instant.hpp"

#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace aimlock {
namespace {

using std::chrono::milliseconds;

/// Reads fields of fixed width from the left.
class Fields {
public:
    explicit Fields(std::string_view text) : rest_(text) {}

    std::optional<int> number(std::size_t width) {
        if (rest_.size() < width) return std::nullopt;
        int value = 0;
        for (const char c : rest_.substr(0, width)) {
            if (c < '0' || c > '9') return std::nullopt;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(width);
        return value;
    }
    bool skip(std::string_view any_of) {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// `.5` as 500; digits after the third are cut off.
    std::optional<int> fraction_ms() {
        if (!skip(".")) return 0;
        int value = 0;
        int scale = 100;
        const std::size_t before = rest_.size();
        for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1)) {
            value += (rest_.front() - '0') * scale;
            scale /= 10;
        }
        if (rest_.size() == before) return std::nullopt;
        return value;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

std::optional<milliseconds> read_date(Fields& in) {
    const auto year = in.number(4);
    if (!year || !in.skip("-")) return std::nullopt;
    const auto month = in.number(2);
    if (!month || !in.skip("-")) return std::nullopt;
    const auto day = in.number(2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch();
}

/// `HH:MM`, the part that a time of day and an offset share.
std::optional<milliseconds> read_hour_minute(Fields& in) {
    const auto hour = in.number(2);
    if (!hour || *hour > 23 || !in.skip(":")) return std::nullopt;
    const auto minute = in.number(2);
    if (!minute || *minute > 59) return std::nullopt;
    return std::chrono::hours{*hour} + std::chrono::minutes{*minute};
}

std::optional<milliseconds> read_offset(Fields& in) {
    if (in.skip("Zz")) return milliseconds{0};
    const bool east = in.rest().starts_with('+');
    if (!in.skip("+-")) return std::nullopt;
    const auto offset = read_hour_minute(in);
    if (!offset) return std::nullopt;
    return east ? *offset : -*offset;
}

std::optional<milliseconds> read_time(Fields& in) {
    const auto time = read_hour_minute(in);
    if (!time || !in.skip(":")) return std::nullopt;
    const auto second = in.number(2);
    if (!second || *second > 60) return std::nullopt;
    const auto fraction = in.fraction_ms();
    if (!fraction) return std::nullopt;
    const auto offset = read_offset(in);
    if (!offset) return std::nullopt;
    return *time + std::chrono::seconds{*second} + milliseconds{*fraction} - *offset;
}

}  // namespace

Result<std::int64_t> parse_instant(std::string_view text, SourcePos at) {
    Fields in(text);
    std::optional<milliseconds> instant = read_date(in);
    if (instant && !in.rest().empty()) {
        const std::optional<milliseconds> time = in.skip("Tt ") ? read_time(in) : std::nullopt;
        instant = time ? std::optional(*instant + *time) : std::nullopt;
    }
    if (instant && in.rest().empty()) return instant->count();
    return fail_at(ErrorCode::syntax, "`" + std::string(text) + "` is neither a date nor an RFC 3339 time",
                   std::move(at), "write `2026-11-20` or `2026-11-20T08:00:00Z`");
}

std::string instant_text(std::int64_t ms) {
    const std::chrono::sys_time<milliseconds> instant{milliseconds{ms}};
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   time.hours().count(), time.minutes().count(), time.seconds().count());
    if (time.subseconds().count() != 0) text += fmt::format(".{:03}", time.subseconds().count());
    return text + "Z";
}

}  // namespace aimlock
