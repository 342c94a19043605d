#include "lock/lockfile.hpp"

#include <algorithm>

#include "lock/address.hpp"

namespace aimlock {

const LockTarget* Lock::target(std::string_view name) const {
    const auto found = std::ranges::find(targets, name, &LockTarget::name);
    return found == targets.end() ? nullptr : &*found;
}

std::vector<const Package*> Lock::packages_of(std::string_view target_name) const {
    std::vector<const Package*> chosen;
    for (const LockPackage& locked : packages) {
        if (std::ranges::find(locked.targets, target_name) != locked.targets.end())
            chosen.push_back(&locked.package);
    }
    return chosen;
}

Lock located(Lock lock, const std::string& folder) {
    const std::string base(without_trailing_slash(folder));
    const auto locate = [&base](std::string& address) {
        if (is_relative_path(address)) address = (base == "/" ? base : base + "/") + address;
    };
    for (LockSource& source : lock.sources) locate(source.url);
    for (LockPackage& locked : lock.packages) locate(locked.package.url);
    return lock;
}

}  // namespace aimlock
