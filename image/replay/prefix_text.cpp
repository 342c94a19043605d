#include "image/replay/prefix_text.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

constexpr std::size_t longest_shebang = 127;

std::string replaced(std::string_view content, std::string_view from, std::string_view to) {
    std::string result;
    result.reserve(content.size());
    for (;;) {
        const std::size_t found = content.find(from);
        result += content.substr(0, found);
        if (found == std::string_view::npos) return result;
        result += to;
        content.remove_prefix(found + from.size());
    }
}

/// `text` between double quotes of /bin/sh.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\' || c == '$' || c == '`') result += '\\';
        result += c;
    }
    return result + '"';
}

/// /bin/sh runs the second line and never sees the third; Python takes it for a string that nobody uses.
std::string through_shell(std::string_view interpreter, std::string_view arguments) {
    return fmt::format("#!/bin/sh\n'''exec' {}{}{} \"$0\" \"$@\" #'''\n", quoted(interpreter),
                       arguments.empty() ? "" : " ", arguments);
}

/// A first line that names `prefix`, when the kernel cannot run it: blanks end the interpreter's name, and
/// long lines are cut. `#!` lines of other programs than Python cannot be hidden in a string: they find
/// theirs by PATH.
std::string repaired_shebang(std::string content, std::string_view prefix) {
    if (!content.starts_with("#!")) return content;
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = std::string_view(content).substr(2, end - 2);
    const bool carriage_return = line.ends_with('\r');
    if (carriage_return) line.remove_suffix(1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    if (!line.starts_with(prefix)) return content;
    const bool blank = prefix.find_first_of(" \t") != std::string_view::npos;
    if (end <= longest_shebang && !blank) return content;
    const std::size_t name_end = std::min(line.find_first_of(" \t", prefix.size()), line.size());
    const std::string_view interpreter = line.substr(0, name_end);
    std::string_view arguments = line.substr(name_end);
    while (!arguments.empty() && (arguments.front() == ' ' || arguments.front() == '\t'))
        arguments.remove_prefix(1);
    const std::string_view program = interpreter.substr(interpreter.rfind('/') + 1);
    std::string first;
    if (program.starts_with("python") || program.starts_with("pypy")) {
        first = through_shell(interpreter, arguments);
    } else if (arguments.empty()) {
        first = fmt::format("#!/usr/bin/env {}\n", program);
    } else {
        first = fmt::format("#!/usr/bin/env -S {} {}\n", program, arguments);
    }
    return first + (end < content.size() ? content.substr(end + 1) : std::string());
}

Result<std::string> replace_in_strings(std::string_view content,
                                       std::string_view from,
                                       std::string_view to,
                                       std::string_view path) {
    std::string result;
    result.reserve(content.size());
    for (;;) {
        const std::size_t found = content.find(from);
        result += content.substr(0, found);
        if (found == std::string_view::npos) return result;
        if (to.size() > from.size()) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` holds its prefix in {} bytes, and this prefix takes {}",
                                    shown_name(path), from.size(), to.size()),
                        "Install into a folder with a shorter path.");
        }
        content.remove_prefix(found);
        // A string that the file's end cuts off ends there.
        const std::size_t length = std::min(content.find('\0'), content.size());
        const std::string moved = replaced(content.substr(0, length), from, to);
        result += moved;
        result.append(length - moved.size(), '\0');
        content.remove_prefix(length);
    }
}

}  // namespace

Result<std::string> replace_prefix(std::string_view content,
                                   const Placeholder& placeholder,
                                   std::string_view prefix,
                                   std::string_view path) {
    // Replacing nothing would never end, and a short text hits what is no placeholder.
    if (placeholder.text.size() < 2 || placeholder.text.find('\0') != std::string::npos) {
        return fail(ErrorCode::archive,
                    fmt::format("`{}` has a placeholder that cannot be one", shown_name(path)));
    }
    if (placeholder.binary) return replace_in_strings(content, placeholder.text, prefix, path);
    return repaired_shebang(replaced(content, placeholder.text, prefix), prefix);
}

std::string python_shebang(std::string_view interpreter) {
    const bool blank = interpreter.find_first_of(" \t") != std::string_view::npos;
    if (interpreter.size() + 2 > longest_shebang || blank) return through_shell(interpreter, {});
    return fmt::format("#!{}\n", interpreter);
}

}  // namespace aimlock
