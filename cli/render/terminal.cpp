#include "cli/render/terminal.hpp"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace aimlock::cli {
namespace {

bool is_set(const VariableLookup& variables, const char* name) {
    const auto value = variables(name);
    return value && !value->empty();
}

bool is_forced(const VariableLookup& variables, const char* name) {
    return is_set(variables, name) && *variables(name) != "0";
}

bool is_utf8_locale(const VariableLookup& variables) {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (!is_set(variables, name)) continue;
        std::string value = *variables(name);
        std::ranges::transform(value, value.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return false;
}

}  // namespace

VariableLookup process_variables() {
    return [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
}

bool decide_color(ColorChoice choice, bool is_tty, const VariableLookup& variables) {
    if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
    if (is_set(variables, "NO_COLOR")) return false;
    if (is_forced(variables, "FORCE_COLOR") || is_forced(variables, "CLICOLOR_FORCE")) return true;
    if (variables("TERM").value_or("") == "dumb") return false;
    return is_tty;
}

Terminal inspect_terminal(int fd, ColorChoice choice, const VariableLookup& variables) {
    Terminal terminal;
    terminal.is_tty = ::isatty(fd) == 1;
    terminal.color = decide_color(choice, terminal.is_tty, variables);
    terminal.utf8 = is_utf8_locale(variables);
    ::winsize size{};
    if (terminal.is_tty && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        terminal.width = std::max<unsigned>(40, size.ws_col);
    }
    return terminal;
}

std::string Painter::paint(std::string_view code, std::string_view text) const {
    if (!color_ || text.empty()) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace aimlock::cli
