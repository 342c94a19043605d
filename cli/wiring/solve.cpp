#include "cli/wiring/solve.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/progress.hpp"
#include "cli/render/reports.hpp"
#include "cli/render/text.hpp"
#include "cli/wiring/files.hpp"
#include "cli/wiring/lock_in_use.hpp"
#include "cli/wiring/locked_versions.hpp"
#include "cli/wiring/request.hpp"
#include "cli/wiring/worlds.hpp"
#include "lock/freshness.hpp"
#include "lock/make_lock.hpp"
#include "solver/engine/align_targets.hpp"
#include "solver/engine/cuda_base_image.hpp"

namespace aimlock::cli {
namespace {

/// What the solves of all targets gave.
struct Answers {
    std::vector<Solution> solutions;
    std::vector<Conflict> conflicts;
    std::vector<Apart> apart;
    double wall_ms = 0;
};

Ending check_locked(const Asked& asked, Console& console) {
    const auto lock = read_lock_file(asked.lock_file);
    if (!lock) return ended(lock.error());
    FreshnessInputs inputs;
    if (asked.image) inputs.image_base = asked.image->base;
    const std::vector<std::string> changes = stale_reasons(*lock, asked.request, inputs);
    if (console.options().json) console.answer(locked_document(changes));
    if (changes.empty()) {
        console.say(fmt::format("{} is the answer to this request\n", asked.lock_file.string()));
        return exit_yes;
    }
    std::string text =
        fmt::format("{} {} is stale\n", console.paint_err().error("error:"), asked.lock_file.string());
    for (const std::string& change : changes) text += "  " + escaped(change) + "\n";
    console.complain(text + console.paint_err().help("help:") + " aimlock solve\n");
    return exit_no;
}

/// The target that is solved first: the image's, else the manifest's first.
std::size_t leading_target(const Asked& asked) {
    const auto& targets = asked.request.targets;
    if (!asked.image) return 0;
    const auto found = std::ranges::find(targets, asked.image->target,
                                         [](const TargetRequest& target) { return target.target.name; });
    return found == targets.end() ? 0 : static_cast<std::size_t>(found - targets.begin());
}

Result<Answers> solve_all(const Asked& asked, Worlds& worlds, Console& console) {
    Answers answers;
    const std::size_t leading = leading_target(asked);
    auto aligned = solve_targets(
        asked.request, leading, worlds.channels, worlds.name_map,
        [&](std::size_t target) -> MetadataSource& { return *worlds.by_target[target]; }, console.progress());
    if (!aligned) return tl::make_unexpected(std::move(aligned).error());
    for (std::size_t i = 0; i < aligned->outcomes.size(); ++i) {
        auto* solution = std::get_if<Solution>(&aligned->outcomes[i]);
        if (solution == nullptr) {
            answers.conflicts.push_back(std::move(std::get<Conflict>(aligned->outcomes[i])));
            continue;
        }
        if (asked.image && i == leading) {
            for (std::string& warning : base_image_warnings(asked.image->base, *solution))
                solution->warnings.push_back(std::move(warning));
        }
        answers.solutions.push_back(std::move(*solution));
    }
    answers.apart = std::move(aligned->apart);
    return answers;
}

/// Why there is no answer, and what would give one, is about more names than an answer is: where channels
/// were read in part, those are read only then.
Result<Answers> solve_and_explain(Asked& asked, Worlds& worlds, Console& console) {
    asked.request.options.explain = can_be_explained(worlds);
    auto answers = solve_all(asked, worlds, console);
    if (!answers || answers->conflicts.empty() || asked.request.options.explain) return answers;
    // That there is no answer is certain: what is out of reach costs words, not the answer.
    if (auto read = read_to_explain(worlds, asked, console); !read)
        console.write(LogLevel::note,
                      "not all could be read that an explanation is about: " + read.error().message);
    asked.request.options.explain = true;
    return solve_all(asked, worlds, console);
}

Ending show_conflicts(const Answers& answers, const Asked& asked, Console& console) {
    if (console.options().json) console.answer(unsatisfiable_document(answers.conflicts));
    std::string text;
    for (const Conflict& conflict : answers.conflicts) {
        text += unsatisfiable_report(conflict, console.paint_err(),
                                     console.err().is_tty ? console.err().width : 80);
    }
    std::error_code ignored;
    if (std::filesystem::exists(asked.lock_file, ignored))
        text += asked.lock_file.string() + " was not touched\n";
    console.complain(text);
    return exit_no;
}

std::string solved_lines(const Answers& answers, const Console& console) {
    std::string text;
    for (const Solution& solution : answers.solutions) {
        text += solved_line(solution, console.paint_err());
        if (&solution == &answers.solutions.back()) text += " in " + duration_text(answers.wall_ms);
        text += "\n";
        if (console.options().verbosity > 0)
            text += package_report(solution, console.err().is_tty ? console.err().width : 0);
    }
    return text;
}

void say_notes(const Answers& answers, Console& console) {
    for (const Solution& solution : answers.solutions) {
        const bool one = answers.solutions.size() == 1;
        for (const std::string& note : solution.notes) {
            console.write(LogLevel::note, one ? note : fmt::format("{}: {}", solution.target.name, note));
        }
        for (const std::string& warning : solution.warnings) {
            console.write(LogLevel::warning,
                          one ? warning : fmt::format("{}: {}", solution.target.name, warning));
        }
    }
}

void say_apart(const Answers& answers, Console& console) {
    constexpr std::size_t most = 8;
    for (std::size_t i = 0; i < std::min(answers.apart.size(), most); ++i)
        console.write(LogLevel::note, apart_line(answers.apart[i]));
    if (answers.apart.size() > most) {
        console.write(LogLevel::note, fmt::format("{} more packages are not the same for all targets",
                                                  answers.apart.size() - most));
    }
}

/// The lock that is there, where it can be read; an unreadable one is replaced and compared with nothing.
std::optional<Lock> lock_before(const Asked& asked) {
    auto text = read_text_file(asked.lock_file, "lock");
    if (!text) return std::nullopt;
    auto lock = read_lock(*text, asked.lock_file.string());
    return lock ? std::optional(std::move(*lock)) : std::nullopt;
}

/// Writes the lock (or says what would be written) and tells what moved.
Result<void> keep_lock(const Lock& lock, const Asked& asked, bool dry_run, Console& console) {
    const std::string text = write_lock(lock);
    const std::string name = asked.lock_file.string();
    const auto before = read_text_file(asked.lock_file, "lock");
    if (before && *before == text) {
        console.say(fmt::format("Nothing moved; {} is unchanged\n", name));
        return {};
    }
    constexpr std::size_t most_changes = 20;
    const std::size_t columns = console.err().is_tty ? console.err().width : 0;
    if (const auto old = lock_before(asked)) console.say(changes_report(*old, lock, columns, most_changes));
    if (!dry_run) {
        if (auto written = write_file_atomically(asked.lock_file, text); !written) return written;
    }
    console.say(fmt::format("{} {}\n", dry_run ? "Would write" : "Wrote", name));
    return {};
}

Result<Lock> lock_of(const Answers& answers, const Asked& asked, const Worlds& worlds) {
    LockParts parts{asked.request, answers.solutions, worlds.sources, worlds.name_map.digest(), std::nullopt};
    // A channel that another one brought is a source where packages come from it, and else not worth a line.
    const auto comes_from = [&](const SourceInUse& brought) {
        return std::ranges::any_of(answers.solutions, [&](const Solution& solution) {
            return std::ranges::any_of(solution.packages, [&](const Package& package) {
                return package.kind == PackageKind::conda && package.origin == brought.source.name;
            });
        });
    };
    std::ranges::copy_if(worlds.brought, std::back_inserter(parts.sources), comes_from);
    if (asked.image) parts.base = LockBase{asked.image->base, {}};
    return make_lock(parts);
}

Ending show_solutions(
    const Answers& answers, const Asked& asked, const Worlds& worlds, bool dry_run, Console& console) {
    console.say(solved_lines(answers, console));
    say_notes(answers, console);
    say_apart(answers, console);
    const auto lock = lock_of(answers, asked, worlds);
    if (!lock && !dry_run) return ended(lock.error());
    if (!lock) {
        console.write(LogLevel::warning, "this answer could not be locked: " + lock.error().message);
    } else if (auto kept = keep_lock(*lock, asked, dry_run, console); !kept) {
        return ended(kept.error());
    }
    if (console.options().json)
        console.answer(solved_document(answers.solutions, answers.apart, answers.wall_ms));
    return exit_yes;
}

/// Makes the request prefer what the lock holds. A request on the command line is another question than the
/// lock that happens to lie here answers, unless it names the lock.
Result<void> look_at_lock(Asked& asked, const SolveFlags& flags) {
    if (flags.update) {
        if (flags.updated.empty()) return {};
        const auto lock = read_lock_file(asked.lock_file);
        if (!lock) return tl::make_unexpected(lock.error());
        return prefer_locked_except(asked.request, *lock, flags.updated);
    }
    if (flags.is_request() && flags.lock.empty()) return {};
    if (const auto lock = lock_before(asked)) prefer_locked(asked.request, *lock);
    return {};
}

}  // namespace

Ending solve(const SolveFlags& flags, Console& console) {
    const std::int64_t began = steady_milliseconds();
    auto asked = read_request(flags, process_variables());
    if (!asked) return tl::make_unexpected(asked.error());
    for (const std::string& note : asked->notes) console.write(LogLevel::note, note);
    if (flags.locked) return check_locked(*asked, console);

    if (auto looked = look_at_lock(*asked, flags); !looked) return ended(looked.error());
    auto worlds = open_worlds(*asked, console);
    if (!worlds) return ended(worlds.error());
    auto answers = solve_and_explain(*asked, **worlds, console);
    console.end_progress();
    if (!answers) return ended(answers.error());
    answers->wall_ms = static_cast<double>(steady_milliseconds() - began);
    if (!answers->conflicts.empty()) {
        if (auto there = check_indexes(**worlds); !there) return ended(there.error());
        return show_conflicts(*answers, *asked, console);
    }
    return show_solutions(*answers, *asked, **worlds, flags.dry_run, console);
}

}  // namespace aimlock::cli
