#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/render/diagnostic.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/text.hpp"
#include "cli/version.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::cli {
namespace {

constexpr const char* description = "One solve, one lock and one image for conda and PyPI";
constexpr const char* footer =
    "Example:\n  aimlock solve --conda python=3.12 --conda numpy --pypi transformers --dry-run\n\n"
    "Exit codes: 0 done or yes, 1 the answer is no, 2 could not find out\n"
    "`aimlock COMMAND --help` tells more";

/// How the command line was read: what to run, or what to print instead.
struct Parsed {
    enum class Kind { run, help, bare, version, failed } kind = Kind::run;
    std::string help;
    Error error;
};

Parsed failed(std::string message, std::string hint = {}) {
    return {
        Parsed::Kind::failed, {}, Error{ErrorCode::usage, std::move(message), {{}, 0, 0}, std::move(hint)}};
}

/// The nearest of `known`, when it is near enough to be what was meant.
std::string nearest(const std::string& word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t best_distance = word.size() <= 4 ? 2 : 3;
    for (const std::string& candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::vector<std::string> flags_of(const CLI::App& command) {
    std::vector<std::string> flags;
    for (const CLI::Option* option : command.get_options({})) {
        for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
    return flags;
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(sub->get_name());
    return names;
}

/// A word of the command line that nothing takes.
Parsed unknown_word(const CLI::App& app, const CLI::App& command, std::string word) {
    const bool is_program = command.get_parent() == nullptr;
    const std::string name = is_program ? "aimlock" : "aimlock " + command.get_name();
    if (word.starts_with('-')) {
        word.erase(std::min(word.find('='), word.size()));
        const std::string near = nearest(word, flags_of(command));
        return failed(fmt::format("`{}` has no flag `{}`", name, word),
                      near.empty() ? fmt::format("`{} --help` lists its flags", name)
                                   : fmt::format("did you mean `{}`?", near));
    }
    if (!is_program)
        return failed(fmt::format("`{}` takes no argument `{}`", name, word),
                      fmt::format("see `{} --help`", name));
    const std::string near = nearest(word, names_of_commands(app));
    return failed(fmt::format("aimlock has no command `{}`", word),
                  near.empty() ? "`aimlock --help` lists the commands"
                               : fmt::format("did you mean `aimlock {}`?", near));
}

/// CLI11's own complaints in our words.
Parsed from_library(const CLI::ParseError& error) {
    const std::string text = error.what();
    const std::string name = text.substr(0, text.find(':'));
    if (error.get_name() == "ArgumentMismatch") {
        const bool repeated =
            text.find("At Most") != std::string::npos || text.find("Exactly") != std::string::npos;
        return failed(fmt::format("`{}` {}", name, repeated ? "is given more than once" : "needs a value"));
    }
    std::string message = text;
    if (!message.empty() && message[0] >= 'A' && message[0] <= 'Z')
        message[0] = static_cast<char>(message[0] + ('a' - 'A'));
    return failed(message);
}

std::optional<ColorChoice> color_of(std::string_view word) {
    if (word == "auto") return ColorChoice::automatic;
    if (word == "always") return ColorChoice::always;
    if (word == "never") return ColorChoice::never;
    return std::nullopt;
}

Parsed parse(CLI::App& app, Run& chosen, bool& version, int argc, const char* const* argv) {
    const auto command = [&app]() -> const CLI::App& {
        const auto given = app.get_subcommands();
        return given.empty() ? app : *given.front();
    };
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return {Parsed::Kind::help, help_text(command()), {}};
    } catch (const CLI::ParseError& error) {
        return from_library(error);
    }
    if (const auto rest = app.remaining(); !rest.empty()) return unknown_word(app, app, rest.front());
    if (const auto rest = command().remaining(); !rest.empty())
        return unknown_word(app, command(), rest.front());
    if (version) return {Parsed::Kind::version, {}, {}};
    if (!chosen.action) return {Parsed::Kind::bare, help_text(app), {}};
    if (!color_of(chosen.color)) {
        return failed(fmt::format("`--color {}` is not one of auto, always, never", chosen.color));
    }
    return {};
}

int show_errors(Console& console, const std::vector<Error>& errors) {
    if (console.options().json) console.answer(error_document(errors));
    console.complain(
        render_errors(errors, console.paint_err(), source_lines_of_files(), console.err().width));
    return exit_could_not;
}

int run_action(const Run& chosen, Console& console) {
    const Ending ending = chosen.action(console);
    console.end_progress();
    return ending ? *ending : show_errors(console, ending.error());
}

/// The same as `run_action`, with what escapes it as an error of ours.
int run_guarded(const Run& chosen, Console& console) {
    constexpr const char* hint = "report this: it is a fault of aimlock, not of your manifest";
    try {
        return run_action(chosen, console);
    } catch (const std::bad_alloc&) {
        return show_errors(console, {Error{ErrorCode::io, "out of memory", {{}, 0, 0}, {}}});
    } catch (const std::exception& error) {
        return show_errors(
            console,
            {Error{ErrorCode::internal, fmt::format("internal error: {}", error.what()), {{}, 0, 0}, hint}});
    }
}

/// True when `--json` is written, also where the rest of the command line cannot be read.
bool asks_for_json(int argc, const char* const* argv) {
    return std::any_of(argv, argv + argc,
                       [](const char* word) { return std::string_view(word) == "--json"; });
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    Run chosen;
    bool version = false;
    CLI::App app{description, "aimlock"};
    app.allow_extras();
    app.require_subcommand(0, 1);
    app.set_help_flag("-h,--help", "Show this help")->group("Everywhere");
    app.add_flag("--version", version, "Show the version; with -v those of its libraries")
        ->group("Everywhere");
    app.footer(footer);
    add_global_options(app, chosen);
    for (const auto add :
         {add_solve, add_update, add_install, add_vendor, add_image, add_audit, add_cache, add_doctor})
        add(app, chosen);
    for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        command->allow_extras();
        command->set_help_flag("-h,--help", "Show this help")->group("Everywhere");
        add_global_options(*command, chosen);
    }

    const Parsed parsed = parse(app, chosen, version, argc, argv);
    if (parsed.kind == Parsed::Kind::failed) chosen.global.json = asks_for_json(argc, argv);
    chosen.global.color = color_of(chosen.color).value_or(ColorChoice::automatic);
    Console console(chosen.global, process_variables());
    switch (parsed.kind) {
        case Parsed::Kind::help:
            console.answer(parsed.help);
            return console.finish(exit_yes);
        case Parsed::Kind::bare:
            console.complain(parsed.help);
            return console.finish(exit_could_not);
        case Parsed::Kind::version:
            console.answer(version_text(chosen.global.verbosity > 0));
            return console.finish(exit_yes);
        case Parsed::Kind::failed:
            return console.finish(show_errors(console, {parsed.error}));
        case Parsed::Kind::run:
            break;
    }
    return console.finish(run_guarded(chosen, console));
}

}  // namespace aimlock::cli
