#include "cli/wiring/locked_versions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lock/freshness.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::cli {
namespace {

/// True where `written`, as people write a name, is this package's.
bool names(const std::string& written, const Package& package) {
    return package.kind == PackageKind::conda ? package.name == written
                                              : package.name == normalize_pypi_name(written);
}

}  // namespace

void prefer_locked(Request& request, const Lock& lock) {
    if (lock.resolution != word_of(request.options.resolution) ||
        lock.prerelease != word_of(request.options.prerelease)) {
        return;
    }
    for (TargetRequest& target : request.targets) {
        for (const Package* package : lock.packages_of(target.target.name))
            target.preferred.push_back({package->kind, package->name, package->version, package->build});
    }
}

Result<void> prefer_locked_except(Request& request, const Lock& lock, const std::vector<std::string>& moved) {
    std::vector<std::string> unknown;
    for (const std::string& name : moved) {
        const bool locked = std::ranges::any_of(
            lock.packages, [&](const LockPackage& entry) { return names(name, entry.package); });
        if (!locked) unknown.push_back("`" + name + "`");
    }
    if (!unknown.empty()) {
        return fail(ErrorCode::usage, fmt::format("the lock holds no {}", fmt::join(unknown, ", ")),
                    "`aimlock update` moves what is locked; a new requirement needs `aimlock solve`");
    }
    prefer_locked(request, lock);
    for (TargetRequest& target : request.targets) {
        for (const std::string& name : moved) {
            target.raised.push_back(name);
            const std::string normalized = normalize_pypi_name(name);
            if (normalized != name) target.raised.push_back(normalized);
            std::erase_if(target.preferred, [&](const PreferredVersion& version) {
                return version.name == (version.kind == PackageKind::conda ? name : normalized);
            });
        }
    }
    return {};
}

}  // namespace aimlock::cli
