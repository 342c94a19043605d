#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aimlock::cli {

/// Text that others wrote, safe for a terminal: control characters, bytes that are not UTF-8 and characters
/// that turn the writing direction are spelled out (`\x1b`, `\u202e`). `keep_newlines` leaves line ends
/// alone.
std::string escaped(std::string_view text, bool keep_newlines = false);

/// `text` without secrets: user:password@ of a URL, /t/<token>/ and the values of token-like query keys
/// become `***`.
std::string redacted(std::string_view text);

/// Columns that `text` takes on a terminal: wide characters count two, combining ones none.
std::size_t display_width(std::string_view text);

/// `name` cut in the middle so that it takes at most `columns` (`nvidia-c…s-cu12`); `ellipsis` is "…" or
/// "..".
std::string shortened(std::string_view name, std::size_t columns, std::string_view ellipsis = "…");

/// `text` filled with blanks to `columns`.
std::string padded_right(std::string_view text, std::size_t columns);
std::string padded_left(std::string_view text, std::size_t columns);

/// 29412 -> "29,412".
std::string grouped(std::uint64_t number);
/// Bytes in KiB, MiB or GiB with one digit behind the point: "234.5 MiB".
std::string size_text(std::uint64_t bytes);
/// A duration with two digits that count: "0.93 s", "4.2 s", "31 s", "3 min 12 s".
std::string duration_text(double milliseconds);
/// "1 package", "3 packages".
std::string counted(std::uint64_t number, std::string_view noun);

/// `text` broken at blanks so that no line takes more than `columns`; lines after the first begin with
/// `indent` blanks.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace aimlock::cli
