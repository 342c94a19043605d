#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/render/doctor_report.hpp"
#include "cli/wiring/lock_in_use.hpp"
#include "fetch/environment.hpp"
#include "fetch/host_probe.hpp"

namespace aimlock::cli {
namespace {

struct DoctorOptions {
    std::string lock;
    std::string target;
};

constexpr const char* default_lock = "aimlock.lock";
constexpr const char* footer =
    "Example:\n"
    "  aimlock doctor --json\n"
    "\n"
    "Exit codes: 0 the GPUs work and can run the lock, 1 they do not: what is\n"
    "wrong is named, 2 could not find out";

/// The driver's libraries to try: the loader's own choice first. Below another root only what lies there.
std::vector<std::string> libraries_to_try(const GpuHost& host, const std::string& root) {
    std::vector<std::string> names;
    if (root == "/") names.emplace_back("libcuda.so.1");
    for (const CudaLibrary& library : host.libraries)
        names.push_back((std::filesystem::path(root) / library.path.substr(1)).string());
    return names;
}

/// The lock that is named, or the folder's own where one lies there; nullopt: there is none.
Result<std::optional<Lock>> lock_of(const DoctorOptions& options) {
    const std::string file = options.lock.empty() ? default_lock : options.lock;
    std::error_code error;
    if (options.lock.empty() && options.target.empty() && !std::filesystem::exists(file, error))
        return std::nullopt;
    auto lock = read_lock_file(file);
    if (!lock) return tl::make_unexpected(std::move(lock).error());
    if (options.target.empty()) return std::optional(std::move(*lock));
    const auto target = choose_target(*lock, options.target);
    if (!target) return tl::make_unexpected(target.error());
    return std::optional(std::move(*lock));
}

Ending run_doctor(const DoctorOptions& options, Console& console) {
    const auto lock = lock_of(options);
    if (!lock) return ended(lock.error());
    const Environment environment = Environment::of_process();
    const std::string root = environment.get("AIMLOCK_DOCTOR_ROOT").value_or("/");
    const GpuHost host = read_gpu_host(root, environment.variables);
    const DriverAnswer driver = ask_driver(libraries_to_try(host, root));

    std::vector<GpuCheck> checks = diagnose(host, driver, environment.variables);
    std::error_code error;
    if (const auto slow = diagnose_folder(host, std::filesystem::current_path(error)))
        checks.push_back(*slow);
    if (*lock) {
        const UnpackedStore store(environment.cache_folder() / "unpacked");
        const auto of_lock =
            diagnose_lock(**lock, probe_host(environment).platform, options.target, driver, store);
        checks.insert(checks.end(), of_lock.begin(), of_lock.end());
    }
    if (console.options().json) {
        console.answer(doctor_document(host, driver, checks));
    } else {
        console.answer(
            doctor_report(checks, console.paint_out(), console.out().is_tty ? console.out().width : 0));
    }
    const std::string_view status = doctor_status(checks);
    return status == "ready" ? exit_yes : status == "faults" ? exit_no : exit_could_not;
}

}  // namespace

void add_doctor(CLI::App& app, Run& chosen) {
    auto* command =
        app.add_subcommand("doctor", "Find out whether this host's GPUs work and can run the lock");
    auto options = std::make_shared<DoctorOptions>();
    command
        ->add_option("--lock", options->lock, "Lock to hold the host to [aimlock.lock, where there is one]")
        ->type_name("FILE");
    command->add_option("--target", options->target, "Target of the lock [all for this platform]")
        ->type_name("NAME");
    command->footer(footer);
    command->callback([&chosen, options] {
        chosen.action = [options](Console& console) { return run_doctor(*options, console); };
    });
}

}  // namespace aimlock::cli
