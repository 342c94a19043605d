#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/progress.hpp"
#include "cli/render/text.hpp"
#include "cli/wiring/lock_in_use.hpp"
#include "cli/wiring/stores.hpp"

namespace aimlock::cli {
namespace {

struct VendorFlags {
    std::string folder;
    std::string lock = "aimlock.lock";
    std::vector<std::string> targets;
    std::vector<std::string> mirrors;
};

constexpr const char* footer =
    "Example:\n"
    "  aimlock vendor pool && aimlock install --prefix /opt/env --vendor pool\n"
    "\n"
    "Exit codes: 0 the pool is complete, 2 it could not be filled";

/// The packages of the chosen targets, each once.
Result<std::vector<const Package*>> chosen_packages(const Lock& lock,
                                                    const std::vector<std::string>& targets) {
    for (const std::string& name : targets) {
        if (const auto known = choose_target(lock, name); !known) return tl::make_unexpected(known.error());
    }
    std::vector<const Package*> packages;
    for (const LockPackage& locked : lock.packages) {
        const auto asked = [&](const std::string& target) {
            return std::find(targets.begin(), targets.end(), target) != targets.end();
        };
        if (targets.empty() || std::any_of(locked.targets.begin(), locked.targets.end(), asked))
            packages.push_back(&locked.package);
    }
    return packages;
}

Ending run_vendor(const VendorFlags& flags, Console& console) {
    if (flags.folder.empty())
        return ended_usage("`aimlock vendor` needs the folder of the pool", "write `aimlock vendor pool`");
    const auto lock = read_lock_file(flags.lock);
    if (!lock) return ended(lock.error());
    const auto packages = chosen_packages(*lock, flags.targets);
    if (!packages) return ended(packages.error());
    const std::int64_t began = steady_milliseconds();
    auto mirrors = read_mirrors(flags.mirrors);
    if (!mirrors) return ended(mirrors.error());
    const auto counts = fill_pool({flags.lock, flags.folder, console.options().offline, std::move(*mirrors)},
                                  *lock, *packages, console);
    console.end_progress();
    if (!counts) return ended(counts.error());
    const auto milliseconds = static_cast<double>(steady_milliseconds() - began);
    if (console.options().json) {
        console.answer(
            vendor_document(packages->size(), counts->from_store, counts->bytes, milliseconds / 1000.0));
    }
    console.say(fmt::format("{} holds {} in {} ({} from the store, {} downloaded)\n", escaped(flags.folder),
                            counted(packages->size(), "package"), duration_text(milliseconds),
                            grouped(counts->from_store), size_text(counts->bytes)));
    return exit_yes;
}

}  // namespace

void add_vendor(CLI::App& app, Run& chosen) {
    auto* command =
        app.add_subcommand("vendor", "Copy the lock's archives into a pool for builds with no network");
    auto flags = std::make_shared<VendorFlags>();
    command->add_option("DIR", flags->folder, "Folder of the pool")->type_name("DIR");
    command->add_option("--lock", flags->lock, "Lock whose archives are copied")
        ->type_name("FILE")
        ->capture_default_str();
    command->add_option("--target", flags->targets, "Only the archives of these targets")->type_name("NAME");
    command->add_option("--mirror", flags->mirrors, "Where an origin is to be had instead")
        ->type_name("URL=URL");
    command->footer(footer);
    command->callback([&chosen, flags] {
        chosen.action = [flags](Console& console) { return run_vendor(*flags, console); };
    });
}

}  // namespace aimlock::cli
