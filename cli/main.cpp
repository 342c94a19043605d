#include <cstdio>
#include <exception>

#include <unistd.h>

#ifdef AIMLOCK_STATIC
#include <nss.h>
#endif

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/signals.hpp"

namespace {

// A static glibc still loads the host's name services, built for another glibc, and crashes in them: name
// those that are part of the program instead.
void use_built_in_name_services() {
#ifdef AIMLOCK_STATIC
    ::__nss_configure_lookup("hosts", "files dns");
    for (const char* database : {"passwd", "group", "services", "protocols", "networks", "aliases"}) {
        ::__nss_configure_lookup(database, "files");
    }
#endif
}

}  // namespace

int main(int argc, char** argv) {
    use_built_in_name_services();
    try {
        aimlock::cli::start_signal_thread();
        return aimlock::cli::run_command_line(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: internal error, please report: %s\n", error.what());
        return aimlock::cli::exit_could_not;
    }
}
