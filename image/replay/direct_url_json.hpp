#pragma once

#include <string>

#include "solver/model/solution.hpp"

namespace aimlock {

/// The text of direct_url.json (PEP 610): how other installers know that a package came from an address and
/// from no index. Empty for what an index listed.
std::string direct_url_json(const Package& package);

}  // namespace aimlock
