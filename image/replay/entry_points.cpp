#include "image/replay/entry_points.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "image/replay/prefix_text.hpp"

namespace aimlock {
namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_dotted_identifier(std::string_view text) {
    bool at_start = true;
    for (const char c : text) {
        if (c == '.' && at_start) return false;
        if (c != '.' && !is_letter(c) && (at_start || !is_digit(c))) return false;
        at_start = c == '.';
    }
    return !at_start;
}

/// python, python3, Python3.12, pythonw, python3.13t, python.exe: what people start when they want the
/// interpreter.
bool is_interpreter(std::string_view name) {
    std::string lower;
    for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string_view rest = lower;
    if (!rest.starts_with("python")) return false;
    rest.remove_prefix(6);
    if (rest.ends_with(".exe")) rest.remove_suffix(4);
    if (rest.starts_with('w')) rest.remove_prefix(1);
    if (rest.ends_with('t')) rest.remove_suffix(1);
    return std::ranges::all_of(rest, [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace

Result<EntryPoint> parse_entry_point(std::string_view line) {
    const auto refused = [&](std::string_view why) {
        return fail(ErrorCode::archive, fmt::format("entry point `{}` {}", shown_name(line), why));
    };
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return refused("is not `name = module:object`");
    const std::string_view name = trimmed(line.substr(0, equals));
    std::string_view reference = trimmed(line.substr(equals + 1));
    if (const std::size_t extras = reference.find('['); extras != std::string_view::npos) {
        if (!reference.ends_with(']')) return refused("is not `name = module:object`");
        reference = trimmed(reference.substr(0, extras));
    }
    const std::size_t colon = reference.find(':');
    if (colon == std::string_view::npos) return refused("names no object to call");
    const auto safe = safe_entry_path(name);
    if (!safe || *safe != name || name.find_first_of("/\\") != std::string_view::npos ||
        name.starts_with('-')) {
        return refused("has a name that is no plain file name");
    }
    if (is_interpreter(name)) return refused("takes the interpreter's name");
    const std::string_view module = trimmed(reference.substr(0, colon));
    const std::string_view object = trimmed(reference.substr(colon + 1));
    if (!is_dotted_identifier(module) || !is_dotted_identifier(object)) {
        return refused("names something other than an object of a module");
    }
    return EntryPoint{std::string(name), std::string(module), std::string(object)};
}

Result<std::vector<EntryPoint>> parse_entry_points_txt(std::string_view text) {
    std::vector<EntryPoint> entries;
    bool wanted = false;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            const std::string_view group = trimmed(line.substr(1, line.find(']') - 1));
            wanted = group == "console_scripts" || group == "gui_scripts";
            continue;
        }
        if (!wanted) continue;
        auto entry = parse_entry_point(line);
        if (!entry) return tl::make_unexpected(entry.error());
        const auto same = std::ranges::find(entries, entry->name, &EntryPoint::name);
        if (same == entries.end()) {
            entries.push_back(std::move(*entry));
        } else if (*same != *entry) {
            return fail(ErrorCode::archive, fmt::format("entry point `{}` is there twice", entry->name));
        }
    }
    return entries;
}

std::string entry_point_wrapper(const EntryPoint& entry, std::string_view interpreter) {
    const std::string first = entry.object.substr(0, entry.object.find('.'));
    return fmt::format(
        "{}# -*- coding: utf-8 -*-\n"
        "import sys\n"
        "\n"
        "from {} import {}\n"
        "\n"
        "if __name__ == \"__main__\":\n"
        "    sys.exit({}())\n",
        python_shebang(interpreter), entry.module, first, entry.object);
}

}  // namespace aimlock
