#include "image/lock_slices.hpp"

#include <gtest/gtest.h>

#include "tests/unit/image/sample_environment.hpp"

namespace aimlock {
namespace {

LayerPlan plan_of(const Lock& lock) {
    return plan_layers(lock, "gpu", 6, asked_packages(lock, "gpu")).value();
}

TEST(LockSlices, AreLocksOfTheirOwnAndHoldEveryPackageOnce) {
    const Lock lock = testing::small_lock();
    const LayerPlan plan = plan_of(lock);
    std::size_t packages = 0;
    for (const Layer& layer : plan.layers) {
        const Lock slice = slice_lock(lock, plan, layer);
        const auto again = read_lock(write_lock(slice), "slice");
        ASSERT_TRUE(again) << layer.id << ": " << again.error().message;
        EXPECT_EQ(*again, slice);
        EXPECT_EQ(again->targets.front().python_version, "3.12.7");
        EXPECT_EQ(again->targets.front().python_site_packages_path, "lib/python3.12/site-packages");
        packages += slice.packages.size();
    }
    EXPECT_EQ(packages, lock.packages.size());
}

TEST(LockSlices, StayTheSameWhenOnlyOtherLayersMove) {
    const Lock lock = testing::small_lock();
    const LayerPlan plan = plan_of(lock);
    Lock moved = lock;
    moved.inputs = sha256_of("other inputs");
    moved.exclude_newer = "2026-11-20T00:00:00Z";
    moved.roots.pop_back();
    moved.targets.front().virtual_packages.front().version = "12.4";
    for (LockPackage& locked : moved.packages) {
        if (locked.package.name == "libcublas") locked.package.sha256 = sha256_of("new bytes");
    }
    const LayerPlan after = plan_layers(moved, "gpu", 6, asked_packages(lock, "gpu"), &plan).value();
    for (const Layer& layer : after.layers) {
        const bool same = write_lock(slice_lock(moved, after, layer)) ==
                          write_lock(slice_lock(lock, plan, *plan.layer(layer.id)));
        EXPECT_EQ(same, layer.id != "conda-libcublas") << layer.id;
    }
}

TEST(LockSlices, KnowWhichLayersHoldPythonSource) {
    const Lock lock = testing::small_lock();
    const LayerPlan plan = plan_of(lock);
    EXPECT_FALSE(holds_python_source(lock, plan, *plan.layer("conda-libcublas")));
    EXPECT_FALSE(
        holds_python_source(lock, plan, *plan.layer(interpreter_layer)));  // noarch, but not of Python
    EXPECT_TRUE(holds_python_source(lock, plan, *plan.layer("small-1")));  // tqdm, a wheel
}

}  // namespace
}  // namespace aimlock
