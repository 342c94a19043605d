#include "cli/version.hpp"

#include "fetch/library_version.hpp"
#include "lock/lockfile.hpp"
#include "solver/engine/library_version.hpp"

namespace aimlock::cli {

std::string version_text(bool libraries) {
    std::string text = "aimlock " AIMLOCK_VERSION "\n";
    if (!libraries) return text;
    text += "lock format " + std::to_string(lock_format_version) + "\n";
    text += solver_library_version() + "\n" + http_library_version() + "\n";
    return text;
}

}  // namespace aimlock::cli
