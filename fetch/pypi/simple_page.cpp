#include "fetch/pypi/simple_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "fetch/pypi/page_builder.hpp"
#include "fetch/url.hpp"
#include "solver/spec/package_name.hpp"
#include "solver/spec/wheel.hpp"

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

std::string project_in_file_name(std::string_view file_name) {
    if (file_name.ends_with(".whl")) return normalize_pypi_name(file_name.substr(0, file_name.find('-')));
    const auto sdist = SdistName::parse(file_name);
    return sdist ? sdist->name : std::string();
}

Result<std::string> pack_simple_page(std::string_view body, const std::string& url) {
    const std::size_t first = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first != std::string_view::npos && body[first] == '{') return pypi::pack_json_page(body, url);
    if (first != std::string_view::npos && body[first] == '<') return pypi::pack_html_page(body, url);
    return fail(ErrorCode::index, shown_url(url) + ": neither JSON nor HTML: this is no index page",
                "Check the index address; a simple index ends in `/simple`");
}

Result<ProjectPage> parse_simple_page(std::string_view body,
                                      const PageOrigin& origin,
                                      const PageFilter& filter) {
    auto packed = pack_simple_page(body, origin.url);
    if (!packed) return tl::make_unexpected(std::move(packed.error()));
    auto page = unpack_page(*packed, origin, filter);
    if (!page) return fail(ErrorCode::internal, shown_url(origin.url) + ": its packed form cannot be read");
    return std::move(*page);
}

}  // namespace aimlock
