#include "image/lock_slices.hpp"

#include <algorithm>

namespace aimlock {

Lock slice_lock(const Lock& lock, const LayerPlan& plan, const Layer& layer) {
    Lock slice;
    const auto in_layer = [&](const Package& package) {
        return std::any_of(layer.packages.begin(), layer.packages.end(), [&](const LayerPackage& p) {
            return p.kind == package.kind && p.name == package.name && p.sha256 == package.sha256;
        });
    };
    for (const LockPackage& locked : lock.packages) {
        if (std::ranges::find(locked.targets, plan.target) == locked.targets.end() ||
            !in_layer(locked.package))
            continue;
        slice.packages.push_back({locked.package, {plan.target}});
    }
    for (const LockSource& source : lock.sources) {
        const auto comes_from = [&](const LockPackage& p) {
            return p.package.kind == source.kind && p.package.origin == source.name;
        };
        if (std::any_of(slice.packages.begin(), slice.packages.end(), comes_from))
            slice.sources.push_back(source);
    }
    if (const LockTarget* target = lock.target(plan.target)) {
        slice.targets.push_back({target->name,
                                 target->platform,
                                 {},
                                 {},
                                 target->python_version,
                                 target->python_site_packages_path});
    }
    return slice;
}

bool holds_python_source(const Lock& lock, const LayerPlan& plan, const Layer& layer) {
    const Lock slice = slice_lock(lock, plan, layer);
    return std::any_of(slice.packages.begin(), slice.packages.end(), [](const LockPackage& p) {
        return p.package.kind == PackageKind::pypi || p.package.noarch == "python";
    });
}

}  // namespace aimlock
