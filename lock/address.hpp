#pragma once

#include <string>
#include <string_view>

namespace aimlock {

/// The parts of a URL or path that a lock has rules about. Views into the text that was split.
struct Address {
    std::string_view scheme;    ///< "https", "http", "file", …; empty: a plain path
    std::string_view userinfo;  ///< "user:password"; empty: none
    std::string_view host;      ///< with the port where one is written: "127.0.0.1:8080"; empty for files
    std::string_view path;      ///< from the first `/` after the host on; the whole text for a plain path
};

/// Splits `text`; never fails, as every text without `scheme://` is a path.
Address split_address(std::string_view text);

/// True for `http`, `https` and `oci`: a server has it.
bool is_web(const Address& address);

/// True for a path that is not absolute and has no scheme.
bool is_relative_path(std::string_view text);

/// `text` without user name, password, query and fragment: what may stand in a lock.
std::string without_secrets(std::string_view text);

/// `text` without the `/`s at its end.
std::string_view without_trailing_slash(std::string_view text);

}  // namespace aimlock
