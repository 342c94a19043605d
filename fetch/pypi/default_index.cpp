#include "fetch/pypi/index_config.hpp"

namespace aimlock {

std::string default_index() {
    return AIMLOCK_DEFAULT_INDEX;
}

}  // namespace aimlock
