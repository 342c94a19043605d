#include "lock/audit.hpp"

#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/reports.hpp"
#include "cli/wiring/lock_in_use.hpp"
#include "image/inventory_reader.hpp"

namespace aimlock::cli {
namespace {

struct AuditOptions {
    std::string lock = "aimlock.lock";
    std::string prefix;
    std::string target;
};

constexpr const char* footer =
    "Example:\n"
    "  aimlock audit --prefix /opt/env --json\n"
    "\n"
    "Exit codes: 0 no drift, 1 drift, 2 the audit could not run";

Ending run_audit(const AuditOptions& options, Console& console) {
    if (options.prefix.empty())
        return ended_usage("`aimlock audit` needs `--prefix`",
                           "give the folder of the environment: --prefix /opt/env");
    const auto lock = read_lock_file(options.lock);
    if (!lock) return ended(lock.error());
    const auto target = choose_target(*lock, options.target);
    if (!target) return ended(target.error());
    const auto inventory = read_prefix(options.prefix);
    if (!inventory) return ended(inventory.error());

    const std::vector<DriftFinding> findings = audit(*lock, *target, *inventory);
    if (console.options().json) {
        console.answer(audit_document(findings));
    } else {
        const std::size_t columns = console.out().is_tty ? console.out().width : 0;
        console.answer(
            audit_report(findings, lock->packages_of(*target).size(), console.paint_out(), columns));
    }
    const bool drift = std::any_of(findings.begin(), findings.end(), is_drift);
    return drift ? exit_no : exit_yes;
}

}  // namespace

void add_audit(CLI::App& app, Run& chosen) {
    auto* command = app.add_subcommand("audit", "Compare an installed environment with the lock");
    auto options = std::make_shared<AuditOptions>();
    command->add_option("--prefix", options->prefix, "Folder of the environment")->type_name("DIR");
    command->add_option("--lock", options->lock, "Lock to hold it to")
        ->type_name("FILE")
        ->capture_default_str();
    command->add_option("--target", options->target, "Target of the lock [the only one]")->type_name("NAME");
    command->footer(footer);
    command->callback([&chosen, options] {
        chosen.action = [options](Console& console) { return run_audit(*options, console); };
    });
}

}  // namespace aimlock::cli
