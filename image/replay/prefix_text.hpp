#pragma once

#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// The text that a conda package was built with in place of its prefix, and how a file holds it.
struct Placeholder {
    std::string text;
    bool binary = false;  ///< in C strings, which must keep their place: the file keeps its size
};

/// `content` of the file `path` with the placeholder replaced by `prefix`.
/// Text: everywhere, and a first line `#!` that the kernel could not run any more is rewritten.
/// Binary: the rest of each C string moves up and is padded with NUL, so the size stays. Fails, naming the
/// file and both lengths, when `prefix` is longer than the placeholder: cutting a path short would be worse
/// than no installation.
Result<std::string> replace_prefix(std::string_view content,
                                   const Placeholder& placeholder,
                                   std::string_view prefix,
                                   std::string_view path);

/// The first line (or two) of a script that is run by `interpreter`, an absolute path, with a line end.
/// Kernels cut a
/// `#!` line at 127 bytes and at its first blank; such a Python is started through /bin/sh instead.
std::string python_shebang(std::string_view interpreter);

}  // namespace aimlock
