#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace aimlock {

/// The parts of an absolute URL, undecoded. `host` includes the port; `path` includes the query, never the
/// fragment.
struct UrlParts {
    std::string scheme;     ///< lower case
    std::string user_info;  ///< "user:password", percent-encoded as written; empty: none
    std::string host;       ///< lower case
    std::string path;       ///< begins with '/' (or is empty)
    std::string fragment;   ///< without '#'

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string origin() const { return scheme + "://" + host; }
};

/// nullopt where `url` has no `scheme://`.
std::optional<UrlParts> split_url(std::string_view url);

/// True for `http://`, `https://` and `file://` (any case of the scheme).
bool is_url(std::string_view text);
bool is_file_url(std::string_view text);
/// True for `oci://`: a conda channel in a container registry.
bool is_oci_url(std::string_view text);
/// What a conda channel and its packages may be at: `is_url` or `is_oci_url`.
bool is_channel_url(std::string_view text);

/// `text` without the `/` at its end, but for one that is all of it.
std::string without_trailing_slashes(std::string text);

/// The URL as it may be stored: no user, no password, no `/t/<token>/`, no query parameter that names a
/// secret, no fragment. Other texts are returned unchanged.
std::string without_credentials(std::string_view url);
/// The URL as it may be printed: `without_credentials`, with any query cut off and control characters
/// escaped.
std::string shown_url(std::string_view url);

/// Resolves `reference` against the absolute URL `base` (RFC 3986, 5.2).
std::string join_url(std::string_view base, std::string_view reference);

/// One pass of percent decoding; a `%` that no two hexadecimal digits follow stays.
std::string percent_decoded(std::string_view text);
/// `text` as a value in a query.
std::string percent_encoded(std::string_view text);

/// The file that a `file://` URL names, decoded once.
std::filesystem::path path_of_file_url(std::string_view url);
/// The `file://` URL of an absolute path.
std::string file_url_of(const std::filesystem::path& path);

}  // namespace aimlock
