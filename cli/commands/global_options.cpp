#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"

namespace aimlock::cli {

void add_global_options(CLI::App& command, Run& chosen) {
    constexpr const char* group = "Everywhere";
    command.add_flag("--json", chosen.global.json, "One JSON document on stdout, also on failure")
        ->group(group);
    command.add_option("--color", chosen.color, "When to colour")
        ->type_name("auto|always|never")
        ->group(group);
    command.add_flag("--offline", chosen.global.offline, "Use the cache only, never the network")
        ->group(group);
    command.add_flag("-q,--quiet", chosen.global.quiet, "Say nothing but errors and answers")->group(group);
    command.add_flag("-v,--verbose", chosen.global.verbosity, "Say more; twice: more still")->group(group);
}

}  // namespace aimlock::cli
