#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lock/lockfile.hpp"
#include "solver/base/result.hpp"
#include "solver/model/request.hpp"

namespace aimlock::cli {

/// Makes each target of `request` prefer what `lock` holds for the target of its name: the answer moves only
/// what must move. A lock that was made for another resolution or pre-release mode is no preference.
void prefer_locked(Request& request, const Lock& lock);

/// `aimlock update NAME…`: as `prefer_locked`, but the named packages are to be as new as possible. Fails
/// naming the ones that the lock does not hold.
Result<void> prefer_locked_except(Request& request, const Lock& lock, const std::vector<std::string>& names);

}  // namespace aimlock::cli
