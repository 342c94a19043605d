#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/render/console.hpp"
#include "solver/base/result.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace aimlock::cli {

/// How a command ended: an exit code, or the failures to be shown (exit 2).
using Ending = tl::expected<int, std::vector<Error>>;

/// A failure of a command.
inline tl::unexpected<std::vector<Error>> ended(Error error) {
    return tl::make_unexpected(std::vector<Error>{std::move(error)});
}
inline tl::unexpected<std::vector<Error>> ended_usage(std::string message, std::string hint = {}) {
    return ended(Error{ErrorCode::usage, std::move(message), {{}, 0, 0}, std::move(hint)});
}

/// What the command line chose: the command's action and the flags that all commands share.
struct Run {
    GlobalOptions global;
    std::string color = "auto";  ///< as written
    std::function<Ending(Console&)> action;
};

/// The flags that every command has.
void add_global_options(CLI::App& command, Run& chosen);

/// `--allow-sdist[=NAME,…]`: sets `given`, and appends the names.
CLI::Option* add_allow_sdist(CLI::App& command,
                             bool& given,
                             std::vector<std::string>& names,
                             const std::string& help);

// Each adds one command with its options; when the command is given, its action becomes `chosen.action`.
void add_solve(CLI::App& app, Run& chosen);
void add_update(CLI::App& app, Run& chosen);
void add_image(CLI::App& app, Run& chosen);
void add_install(CLI::App& app, Run& chosen);
void add_audit(CLI::App& app, Run& chosen);
void add_vendor(CLI::App& app, Run& chosen);
void add_cache(CLI::App& app, Run& chosen);
void add_doctor(CLI::App& app, Run& chosen);

/// The help of the program or of one command: at most 80 columns wide.
std::string help_text(const CLI::App& command);

/// Parses the command line and runs what it chooses; the exit code of the program.
int run_command_line(int argc, const char* const* argv);

}  // namespace aimlock::cli
