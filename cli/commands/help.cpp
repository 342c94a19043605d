// CLI11's own help is as wide as its longest line and lists globals first: this one fits 80 columns and ends
// with what a script needs, the exit codes.
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands/commands.hpp"
#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

constexpr std::size_t columns = 80;
constexpr std::size_t text_column = 30;

std::string option_name(const CLI::Option& option, const std::string& between = ", ") {
    std::string names;
    for (const std::string& name : option.get_snames()) names += (names.empty() ? "" : between) + "-" + name;
    for (const std::string& name : option.get_lnames()) names += (names.empty() ? "" : between) + "--" + name;
    if (names.empty()) names = option.get_name(true);
    const bool takes_value = option.get_items_expected_max() > 0 && !option.get_positional();
    if (takes_value && option.get_items_expected_min() == 0)
        return names + "[=" + option.get_type_name() + "]";
    if (takes_value) names += " " + option.get_type_name();
    if (takes_value && option.get_items_expected_max() > 1) names += "...";
    return names;
}

std::string option_line(const std::string& name, const std::string& text) {
    std::string line = "  " + name;
    if (display_width(line) + 2 > text_column) {
        line += "\n" + std::string(text_column, ' ');
    } else {
        line = padded_right(line, text_column);
    }
    return line + wrapped(text, columns - text_column, text_column) + "\n";
}

std::string described(const CLI::Option& option) {
    std::string text = option.get_description();
    if (!option.get_default_str().empty()) text += fmt::format(" [{}]", option.get_default_str());
    return text;
}

std::vector<std::string> groups_of(const CLI::App& command) {
    std::vector<std::string> groups;
    for (const CLI::Option* option : command.get_options({})) {
        if (std::ranges::find(groups, option->get_group()) == groups.end())
            groups.push_back(option->get_group());
    }
    return groups;
}

/// The flags that every command has take three lines, not a line each.
std::string compact(const CLI::App& command, const std::string& group) {
    std::string text;
    for (const CLI::Option* option : command.get_options({})) {
        if (option->get_group() != group) continue;
        text += (text.empty() ? "" : ", ") + option_name(*option, "|");
    }
    return "  " + wrapped(text, columns - 2, 2) + "\n";
}

std::string usage_line(const CLI::App& command) {
    if (command.get_parent() == nullptr) return "Usage: aimlock COMMAND [OPTIONS]\n";
    std::string line = "Usage: aimlock " + command.get_name();
    for (const CLI::Option* option : command.get_options({})) {
        if (!option->get_positional()) continue;
        const bool any_number = option->get_items_expected_max() > 1;
        line += any_number ? " [" + option->get_name(true) + "...]" : " " + option->get_name(true);
    }
    return line + " [OPTIONS]\n";
}

}  // namespace

std::string help_text(const CLI::App& command) {
    std::string out = wrapped(command.get_description(), columns, 0) + "\n\n" + usage_line(command);
    const auto commands =
        command.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
    if (!commands.empty()) out += "\nCommands:\n";
    for (const CLI::App* sub : commands) out += option_line(sub->get_name(), sub->get_description());
    for (const std::string& group : groups_of(command)) {
        if (group.empty()) continue;
        out += fmt::format("\n{}:\n", group);
        if (group == "Everywhere") {
            out += compact(command, group);
            continue;
        }
        for (const CLI::Option* option : command.get_options({})) {
            if (option->get_group() == group) out += option_line(option_name(*option), described(*option));
        }
    }
    return out + "\n" + command.get_footer() + "\n";
}

}  // namespace aimlock::cli
