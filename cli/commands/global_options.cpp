#include <algorithm>
#include <string_view>

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

CLI::Option* add_allow_sdist(CLI::App& command,
                             bool& given,
                             std::vector<std::string>& names,
                             const std::string& help) {
    const auto take = [&given, &names](const std::string& list) {
        given = true;
        std::string_view rest = list;
        while (!rest.empty()) {
            const std::string_view name = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(name.size() + 1, rest.size()));
            if (!name.empty()) names.emplace_back(name);
        }
    };
    return command.add_option_function<std::string>("--allow-sdist", take, help)
        ->type_name("NAME,…")
        ->expected(0, 1);
}

}  // namespace aimlock::cli
