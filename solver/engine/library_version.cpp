#include "solver/engine/library_version.hpp"

#include <solv/solvversion.h>

namespace aimlock {

std::string solver_library_version() {
    return std::string("libsolv ") + ::solv_version;
}

}  // namespace aimlock
