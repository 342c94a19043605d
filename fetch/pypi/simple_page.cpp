#include "fetch/pypi/simple_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "fetch/pypi/page_builder.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

template <class Number>
bool take_number(std::string_view& text, std::size_t digits, Number& into) {
    if (text.size() < digits) return false;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + digits, into);
    if (failed != std::errc{} || end != text.data() + digits) return false;
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<std::int64_t> parse_upload_time(std::string_view text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') ||
        !take_number(text, 2, day)) {
        return std::nullopt;
    }
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    if (!take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute) ||
        !take(text, ':') || !take_number(text, 2, second)) {
        return std::nullopt;
    }
    std::int64_t ms = 0;
    if (take(text, '.')) {
        std::int64_t unit = 100;
        for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), unit /= 10)
            ms += unit * (text[0] - '0');
    }
    int offset = 0;
    if (text.starts_with('+') || text.starts_with('-')) {
        const int sign = text[0] == '-' ? -1 : 1;
        text.remove_prefix(1);
        int hours = 0;
        int minutes = 0;
        if (!take_number(text, 2, hours) || (take(text, ':'), !take_number(text, 2, minutes)))
            return std::nullopt;
        offset = sign * (hours * 60 + minutes);
    } else {
        take(text, 'Z');
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return ((static_cast<std::int64_t>(days) * 24 + hour) * 60 + minute - offset) * 60'000 + second * 1000 +
           ms;
}

std::string_view version_in_file_name(std::string_view file_name) {
    if (file_name.ends_with(".whl")) {
        const std::size_t first = file_name.find('-');
        if (first == std::string_view::npos) return {};
        const std::string_view rest = file_name.substr(first + 1);
        return rest.substr(0, rest.find('-'));
    }
    static constexpr std::array<std::string_view, 5> ends{".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz"};
    const auto end = std::ranges::find_if(ends, [&](std::string_view e) { return file_name.ends_with(e); });
    if (end == ends.end()) return {};
    file_name.remove_suffix(end->size());
    const std::size_t last = file_name.rfind('-');
    return last == std::string_view::npos ? std::string_view{} : file_name.substr(last + 1);
}

Result<ProjectPage> parse_simple_page(std::string_view body,
                                      const PageOrigin& origin,
                                      const PageFilter& filter) {
    const std::size_t first = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first != std::string_view::npos && body[first] == '{')
        return pypi::parse_json_page(body, origin, filter);
    if (first != std::string_view::npos && body[first] == '<')
        return pypi::parse_html_page(body, origin, filter);
    return fail(ErrorCode::index, shown_url(origin.url) + ": neither JSON nor HTML: this is no index page",
                "Check the index address; a simple index ends in `/simple`");
}

namespace pypi {

PageBuilder::PageBuilder(const PageOrigin& origin, const PageFilter& filter)
    : filter_(filter), origin_(origin) {
    page_.name = origin.name;
    page_.index = origin.index;
    page_.exists = true;
}

void PageBuilder::note(std::string_view version, Seen seen) {
    if (version.empty()) return;
    if (last_seen_ == nullptr || version != last_version_) {
        last_seen_ = &versions_.try_emplace(version, Seen::sdist_only).first->second;
        last_version_ = version;
    }
    *last_seen_ = std::max(*last_seen_, seen);
}

bool PageBuilder::wants(std::string_view file_name) {
    // A name from a server must not leave its folder or forge a line; such a file does not exist for us.
    const auto bad = [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '/' || c == '\\'; };
    if (file_name.starts_with('.') || std::ranges::any_of(file_name, bad)) return false;
    const std::string_view version = version_in_file_name(file_name);
    if (!file_name.ends_with(".whl")) {
        note(version, Seen::sdist_only);
        return false;
    }
    if (version.empty() || (filter_.keep && !filter_.keep(file_name))) {
        note(version, Seen::no_matching_wheel);
        return false;
    }
    wanted_version_ = version;
    return true;
}

void PageBuilder::add(WheelFile file) {
    const bool too_new = filter_.exclude_newer_ms &&
                         (file.upload_time_ms == 0 || file.upload_time_ms >= *filter_.exclude_newer_ms);
    const bool plain = file.url.starts_with("https://") && file.url.find_first_of("#@?") == std::string::npos;
    if (!plain) file.url = without_credentials(join_url(origin_.url, file.url));
    if (!is_url(file.url) || (is_file_url(file.url) && !is_file_url(origin_.url)))
        return;  // a server may not name our files
    note(wanted_version_, too_new ? Seen::after_cutoff : Seen::kept);
    if (too_new) return;
    page_.wheels.push_back(std::move(file));
}

void PageBuilder::set_status(std::string_view status) {
    page_.status = status;
}

ProjectPage PageBuilder::finish() {
    if (page_.status == "quarantined") {
        page_.wheels.clear();
        return std::move(page_);
    }
    for (const auto& [version, seen] : versions_) {
        if (seen == Seen::kept) continue;
        const UnusableReason reason = seen == Seen::sdist_only     ? UnusableReason::sdist_only
                                      : seen == Seen::after_cutoff ? UnusableReason::after_cutoff
                                                                   : UnusableReason::no_matching_wheel;
        page_.unusable.emplace(version, reason);
    }
    return std::move(page_);
}

}  // namespace pypi
}  // namespace aimlock
