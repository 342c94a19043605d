#include "cli/wiring/solve.hpp"

#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"

namespace aimlock::cli {
namespace {

constexpr const char* footer =
    "Example:\n"
    "  aimlock solve --conda python=3.12 --conda \"numpy >=2\" --pypi transformers\n"
    "\n"
    "Exit codes: 0 solved (or fresh), 1 no solution (or stale), 2 could not find out";

constexpr const char* update_footer =
    "Example:\n"
    "  aimlock update transformers numpy\n"
    "\n"
    "Exit codes: 0 solved, 1 no solution, 2 could not find out";

void add_request_options(CLI::App& command, SolveFlags& flags) {
    constexpr const char* group = "Request without a manifest";
    command.add_option("--conda", flags.conda, "Packages from conda channels")
        ->type_name("SPEC")
        ->group(group);
    command.add_option("--pypi", flags.pypi, "Packages from PyPI")->type_name("REQUIREMENT")->group(group);
    command.add_option("--channel", flags.channels, "Channels, first wins [conda-forge]")
        ->type_name("NAME|URL|PATH")
        ->group(group);
    command.add_option("--platform", flags.platform, "conda's name of the platform [this machine's]")
        ->type_name("NAME")
        ->group(group);
    command.add_option("--python", flags.python, "A Python that the base image brings")
        ->type_name("X.Y")
        ->group(group);
    command.add_option("--cuda", flags.cuda, "What the GPU driver supports [this machine's]")
        ->type_name("X.Y|none")
        ->group(group);
    command.add_option("--cuda-arch", flags.cuda_arch, "Compute capabilities of the GPUs")
        ->type_name("X.Y")
        ->group(group);
    command.add_option("--glibc", flags.glibc, "C library of the hosts [this machine's]")
        ->type_name("X.Y")
        ->group(group);
}

void add_override_options(CLI::App& command, SolveFlags& flags) {
    constexpr const char* group = "Instead of what the manifest says";
    command.add_option("--target", flags.targets, "Solve these targets only")
        ->type_name("NAME")
        ->group(group);
    command.add_option("--index", flags.indexes, "PyPI simple indexes, first wins")
        ->type_name("URL")
        ->group(group);
    command.add_option("--find-links", flags.find_links, "Folders or pages of wheels, beside the indexes")
        ->type_name("DIR|URL")
        ->group(group);
    add_allow_sdist(command, flags.allow_sdist, flags.allowed_sdists,
                    "Sources count, too: of these projects [of all]")
        ->group(group);
    command.add_option("--exclude-newer", flags.exclude_newer, "Only what was uploaded before")
        ->type_name("TIME")
        ->group(group);
    command.add_option("--prerelease", flags.prerelease, "if-necessary, allow or disallow")
        ->type_name("MODE")
        ->group(group);
    command.add_option("--resolution", flags.resolution, "highest, lowest or lowest-direct")
        ->type_name("MODE")
        ->group(group);
    command.add_option("--channel-priority", flags.channel_priority, "strict, flexible or disabled")
        ->type_name("MODE")
        ->group(group);
    command.add_option("--name-map", flags.name_map, "Which conda package is which on PyPI")
        ->type_name("FILE|URL")
        ->group(group);
}

}  // namespace

void add_update(CLI::App& app, Run& chosen) {
    auto* command = app.add_subcommand("update", "Move locked packages, and as little else as possible");
    auto flags = std::make_shared<SolveFlags>();
    flags->update = true;
    command->add_option("NAME", flags->updated, "Packages to move [all]")->type_name("");
    command->add_option("--manifest", flags->manifest, "Manifest to solve [the nearest one]")
        ->type_name("FILE");
    command->add_option("--lock", flags->lock, "Lock to update [aimlock.lock beside it]")->type_name("FILE");
    command->add_flag("--dry-run", flags->dry_run, "Show what would move, but write nothing");
    add_override_options(*command, *flags);
    command->add_flag("--refresh", chosen.global.refresh, "Ask again for every page that is cached");
    command->footer(update_footer);
    command->callback(
        [&chosen, flags] { chosen.action = [flags](Console& console) { return solve(*flags, console); }; });
}

void add_solve(CLI::App& app, Run& chosen) {
    auto* command = app.add_subcommand("solve", "Solve the manifest for its targets and write the lock");
    auto flags = std::make_shared<SolveFlags>();
    command->add_option("--manifest", flags->manifest, "Manifest to solve [the nearest one]")
        ->type_name("FILE");
    command->add_option("--lock", flags->lock, "Lock to write [aimlock.lock beside it]")->type_name("FILE");
    command->add_flag("--locked", flags->locked, "Only check that the lock answers the manifest");
    command->add_flag("--dry-run", flags->dry_run, "Solve, but write nothing");
    add_request_options(*command, *flags);
    add_override_options(*command, *flags);
    command->add_flag("--refresh", chosen.global.refresh, "Ask again for every page that is cached");
    command->footer(footer);
    command->callback(
        [&chosen, flags] { chosen.action = [flags](Console& console) { return solve(*flags, console); }; });
}

}  // namespace aimlock::cli
