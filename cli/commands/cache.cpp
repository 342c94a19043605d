#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/text.hpp"
#include "fetch/cache_folder.hpp"
#include "fetch/environment.hpp"

namespace aimlock::cli {
namespace {

struct CacheFlags {
    std::string action = "show";
    std::string older_than;
};

constexpr const char* footer =
    "ACTION is one of\n"
    "  show    the folder, and how much of what lies in it\n"
    "  verify  compare every file with its checksum\n"
    "  prune   remove what is damaged, interrupted or of an older version; with\n"
    "          --older-than also what was not used for so long\n"
    "\n"
    "Example:\n"
    "  aimlock cache prune --older-than 30d\n"
    "\n"
    "Exit codes: 0 done, 1 `verify` found damage, 2 the cache could not be read";

CacheTotals totals_of(const CacheFolder& folder, const std::vector<CacheEntry>& entries) {
    CacheTotals totals;
    totals.folder = folder.path().string();
    for (std::size_t i = 0; i < cache_kinds; ++i)
        totals.kinds.push_back({std::string(cache_kind_name(static_cast<CacheKind>(i))), 0, 0});
    for (const CacheEntry& entry : entries) {
        CacheTotals::Kind& kind = totals.kinds[static_cast<std::size_t>(entry.kind)];
        ++kind.files;
        kind.bytes += entry.bytes;
    }
    return totals;
}

std::string table_of(const CacheTotals& totals) {
    std::string text = escaped(totals.folder) + "\n";
    std::uint64_t bytes = 0;
    for (const auto& kind : totals.kinds) {
        bytes += kind.bytes;
        if (kind.files == 0) continue;
        text += fmt::format("  {:<9} {:>9}  {}\n", kind.name, grouped(kind.files), size_text(kind.bytes));
    }
    return text + fmt::format("  {:<9} {:>9}  {}\n", "all", "", size_text(bytes));
}

Ending verify(CacheTotals totals, const std::vector<CacheEntry>& entries, Console& console) {
    for (const CacheEntry& entry : entries) {
        if (entry.kind != CacheKind::leftovers && !CacheFolder::is_whole(entry))
            totals.damaged.push_back(entry.file.string());
    }
    if (console.options().json)
        console.answer(cache_document(totals.damaged.empty() ? "whole" : "damaged", totals));
    if (totals.damaged.empty()) {
        console.say(fmt::format("{}: {} checked, all whole\n", escaped(totals.folder),
                                counted(entries.size(), "file")));
        return exit_yes;
    }
    std::string text = fmt::format("{} {} damaged\n", console.paint_err().error("error:"),
                                   counted(totals.damaged.size(), "file"));
    for (const std::string& file : totals.damaged) text += "  " + escaped(file) + "\n";
    console.complain(text + console.paint_err().help("help:") + " aimlock cache prune\n");
    return exit_no;
}

Ending prune(CacheTotals totals,
             const std::vector<CacheEntry>& entries,
             std::optional<std::chrono::seconds> age,
             Console& console) {
    const auto now = std::filesystem::file_time_type::clock::now();
    std::vector<CacheEntry> unwanted;
    for (const CacheEntry& entry : entries) {
        const bool old = age && now - entry.last_used > *age;
        const bool outdated = entry.kind == CacheKind::other && CacheFolder::is_outdated(entry);
        if (old || outdated || !CacheFolder::is_whole(entry)) unwanted.push_back(entry);
    }
    const CacheFolder::Removed removed = CacheFolder::remove(unwanted);
    totals.removed = removed.files;
    totals.freed_bytes = removed.bytes;
    if (console.options().json) console.answer(cache_document("pruned", totals));
    console.say(fmt::format("Removed {} of {} ({})\n", grouped(removed.files),
                            counted(entries.size(), "file"), size_text(removed.bytes)));
    return exit_yes;
}

Ending run_cache(const CacheFlags& flags, Console& console) {
    const auto age = parse_age(flags.older_than);
    if (!flags.older_than.empty() && flags.action != "prune")
        return ended_usage("`--older-than` belongs to `aimlock cache prune`");
    if (!flags.older_than.empty() && !age)
        return ended_usage(fmt::format("`--older-than {}` is no age", flags.older_than),
                           "write a number with d, h, m or s: `--older-than 30d`");
    const CacheFolder folder(Environment::of_process().cache_folder());
    const auto entries = folder.entries();
    if (!entries) return ended(entries.error());
    CacheTotals totals = totals_of(folder, *entries);
    if (flags.action == "verify") return verify(std::move(totals), *entries, console);
    if (flags.action == "prune") return prune(std::move(totals), *entries, age, console);
    if (flags.action != "show") {
        return ended_usage(fmt::format("`aimlock cache` has no action `{}`", flags.action),
                           "write show, verify or prune");
    }
    if (console.options().json) console.answer(cache_document("shown", totals));
    console.say(table_of(totals));
    return exit_yes;
}

}  // namespace

void add_cache(CLI::App& app, Run& chosen) {
    auto* command = app.add_subcommand("cache", "Show, verify or prune what is cached");
    auto flags = std::make_shared<CacheFlags>();
    command->add_option("ACTION", flags->action, "show, verify or prune")
        ->type_name("ACTION")
        ->capture_default_str();
    command->add_option("--older-than", flags->older_than, "Prune also what was not used for so long")
        ->type_name("AGE");
    command->footer(footer);
    command->callback([&chosen, flags] {
        chosen.action = [flags](Console& console) { return run_cache(*flags, console); };
    });
}

}  // namespace aimlock::cli
