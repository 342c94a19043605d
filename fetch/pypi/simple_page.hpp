#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"
#include "solver/model/release.hpp"

namespace aimlock {

/// Which files of a page are kept. A popular page lists tens of thousands of files of which a few hundred
/// matter.
struct PageFilter {
    /// Judges a wheel by the tags in its file name: asked once for each distinct tag part of a page, with the
    /// first file name that has it. Empty: every wheel is kept.
    std::function<bool(std::string_view wheel_file_name)> keep;
    /// Files uploaded at or after it do not exist; files with no upload time go as well. Since 1970.
    std::optional<std::int64_t> exclude_newer_ms;
    bool wheels = true;   ///< false: as if the page listed none
    bool sdists = false;  ///< archives of sources are kept, behind all wheels
};

/// Where a page comes from.
struct PageOrigin {
    std::string name;   ///< normalised
    std::string index;  ///< without credentials
    std::string url;    ///< what relative references are relative to
};

/// The form in which the cache holds pages: what `pack_simple_page` makes, by its version.
inline constexpr const char* packed_page_form = "page 2";

/// Reads a project page, PEP 691 JSON or PEP 503 HTML, told apart by the first character, into its packed
/// form. Behind the end of `body` there must be `text_padding` (compression.hpp) readable bytes, as a
/// Document has them. `url` is what relative references are relative to. Quarantined projects (PEP 792) offer
/// no files. Fails with code `index`; a web page that is no index page is called one.
Result<std::string> pack_simple_page(std::string_view body, const std::string& url);

/// What passes the filter of a packed page; nullopt where it is damaged.
std::optional<ProjectPage> unpack_page(std::string_view packed,
                                       const PageOrigin& origin,
                                       const PageFilter& filter);

/// Both in one.
Result<ProjectPage> parse_simple_page(std::string_view body,
                                      const PageOrigin& origin,
                                      const PageFilter& filter);

/// The version in the name of a wheel or sdist by simple splitting, not normalised; empty where there is
/// none.
std::string_view version_in_file_name(std::string_view file_name);
/// The normalised name of the project that a wheel or sdist is of; empty: the name is one of neither.
std::string project_in_file_name(std::string_view file_name);

/// Milliseconds since 1970 of "2024-09-05T19:16:24.940095Z"; nullopt for other texts. Offsets are understood.
std::optional<std::int64_t> parse_upload_time(std::string_view text);

}  // namespace aimlock
