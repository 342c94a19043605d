#include "image/replay/install.hpp"

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
#include "solver/spec/package_name.hpp"

namespace aimlock::cli {
namespace {

struct InstallFlags {
    std::string lock = "aimlock.lock";
    std::string prefix;
    std::string root;
    std::string target;
    std::string group;
    std::string vendor;
    bool repair = false;
    bool verify = false;
    bool no_byte_code = false;
    bool frozen = false;
    bool allow_sdist = false;
    std::vector<std::string> allowed_sdists;
    bool unconfined = false;
    std::vector<std::string> mirrors;
};

constexpr const char* footer =
    "Example:\n"
    "  aimlock install --prefix /opt/env\n"
    "\n"
    "Exit codes: 0 installed, 1 the prefix holds edited files (nothing was changed),\n"
    "            2 could not install (the prefix is as it was)";

std::string edited_report(const InstallReport& report, const InstallFlags& flags, Console& console) {
    std::string out = fmt::format("{} {} differ from what was installed; nothing was changed\n",
                                  console.paint_err().error("error:"), counted(report.edited.size(), "file"));
    constexpr std::size_t limit = 20;
    for (std::size_t i = 0; i < report.edited.size() && i < limit; ++i)
        out += "  " + escaped(report.edited[i]) + "\n";
    if (report.edited.size() > limit) out += fmt::format("  and {} more\n", report.edited.size() - limit);
    return out + fmt::format("{} aimlock install --prefix {} --repair  # restores them\n",
                             console.paint_err().help("help:"), escaped(flags.prefix));
}

std::string installed_report(const InstallReport& report, const InstallFlags& flags, double milliseconds) {
    if (report.files == 0 && report.bytes == 0) {
        return fmt::format("{} holds this lock already: {}\n", escaped(flags.prefix),
                           counted(report.packages, "package"));
    }
    return fmt::format(
        "Installed {}, {}, into {} in {} ({} from the store)\nChecked every sha256 of the lock and {}\n",
        counted(report.packages, "package"), size_text(report.bytes), escaped(flags.prefix),
        duration_text(milliseconds), grouped(report.from_store), counted(report.files, "file"));
}

Ending run_install(const InstallFlags& flags, Console& console) {
    if (flags.prefix.empty())
        return ended_usage("`aimlock install` needs `--prefix`",
                           "give the folder to install into: --prefix /opt/env");
    const auto lock = read_lock_file(flags.lock);
    if (!lock) return ended(lock.error());
    const auto target = choose_target(*lock, flags.target);
    if (!target) return ended(target.error());

    InstallOptions options;
    options.target = *target;
    options.prefix = flags.prefix;
    options.root = flags.root;
    if (!flags.group.empty()) options.group = flags.group;
    options.repair = flags.repair;
    options.verify = flags.verify;
    options.byte_code = !flags.no_byte_code;
    options.build.all = flags.allow_sdist && flags.allowed_sdists.empty();
    for (const std::string& name : flags.allowed_sdists)
        options.build.names.push_back(normalize_pypi_name(name));
    options.build.unconfined = flags.unconfined;
    const std::int64_t began = steady_milliseconds();
    auto mirrors = read_mirrors(flags.mirrors);
    if (!mirrors) return ended(mirrors.error());
    auto store = open_store({flags.lock, flags.vendor, console.options().offline, std::move(*mirrors)}, *lock,
                            console);
    if (!store) return ended(store.error());
    options.unpacked = (*store)->unpacked();
    const auto report = install(*lock, options, (*store)->packages(), console.progress());
    console.end_progress();
    if (!report) return ended(report.error());

    const auto milliseconds = static_cast<double>(steady_milliseconds() - began);
    if (console.options().json) console.answer(install_document(*report, milliseconds / 1000.0));
    for (const std::string& note : report->notes) console.write(LogLevel::note, note);
    if (!report->edited.empty()) {
        console.complain(edited_report(*report, flags, console));
        return exit_no;
    }
    console.say(installed_report(*report, flags, milliseconds));
    return exit_yes;
}

}  // namespace

void add_install(CLI::App& app, Run& chosen) {
    auto* command = app.add_subcommand("install", "Replay the lock into a folder, whole or not at all");
    auto flags = std::make_shared<InstallFlags>();
    command->add_option("--prefix", flags->prefix, "Folder where the environment will live")
        ->type_name("DIR");
    command->add_option("--lock", flags->lock, "Lock to replay")->type_name("FILE")->capture_default_str();
    command->add_option("--target", flags->target, "Target of the lock [the only one]")->type_name("NAME");
    command->add_option("--root", flags->root, "Write below this folder, for image builds")->type_name("DIR");
    command->add_option("--group", flags->group, "Only this group of a lock slice")->type_name("NAME");
    command->add_option("--vendor", flags->vendor, "Take archives from a pool of `aimlock vendor`")
        ->type_name("DIR");
    command->add_option("--mirror", flags->mirrors, "Where an origin is to be had instead")
        ->type_name("URL=URL");
    command->add_flag("--repair", flags->repair, "Restore edited and missing files");
    command->add_flag("--verify", flags->verify, "Hash every file that sizes and times would vouch for");
    command->add_flag("--no-byte-code", flags->no_byte_code, "Do not compile Python sources");
    add_allow_sdist(*command, flags->allow_sdist, flags->allowed_sdists,
                    "Build what is locked as sources: these [all]");
    command->add_flag("--build-unconfined", flags->unconfined,
                      "Build also where nothing keeps a build off the network");
    command->add_flag("--frozen", flags->frozen, "Never solve (always so; scripts say it)");
    command->footer(footer);
    command->callback([&chosen, flags] {
        chosen.action = [flags](Console& console) { return run_install(*flags, console); };
    });
}

}  // namespace aimlock::cli
