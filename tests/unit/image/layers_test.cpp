#include "image/layers.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "image/layer_table.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/image/sample_environment.hpp"

namespace aimlock {
namespace {

using testing::conda_package;
using testing::large_lock;
using testing::lock_of;
using testing::small_lock;
using testing::wheel;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

LayerPlan plan_of(const Lock& lock, unsigned budget = 16, const LayerPlan* previous = nullptr) {
    auto plan = plan_layers(lock, "gpu", budget, asked_packages(lock, "gpu"), previous);
    EXPECT_TRUE(plan) << plan.error().message;
    return plan.value_or(LayerPlan{});
}

const Layer* layer_with(const LayerPlan& plan, std::string_view name) {
    for (const Layer& layer : plan.layers) {
        if (std::ranges::find(layer.packages, name, &LayerPackage::name) != layer.packages.end())
            return &layer;
    }
    return nullptr;
}

/// `lock` with a new build of one package.
Lock bumped(Lock lock, std::string_view name, std::uint64_t size_bytes = 0) {
    for (LockPackage& locked : lock.packages) {
        if (locked.package.name != name) continue;
        locked.package.version += ".1";
        locked.package.sha256 = sha256_of(locked.package.version + locked.package.name);
        if (size_bytes != 0) locked.package.size_bytes = size_bytes;
    }
    return lock;
}

std::uint64_t shipped_bytes(const LayerPlan& plan, const LayerPlan& before) {
    std::uint64_t sum = 0;
    for (const std::string& id : changed_layers(plan, &before)) sum += plan.layer(id)->download_bytes();
    return sum;
}

TEST(LayerPlan, HoldsEveryPackageOnceWithinTheBudget) {
    for (const unsigned budget : {1U, 2U, 3U, 4U, 5U, 16U, 24U, 60U}) {
        // 5 GiB do not fit into a few layers of 2 GiB.
        const Lock lock = budget < 16 ? small_lock() : large_lock();
        const LayerPlan plan = plan_of(lock, budget);
        EXPECT_LE(plan.layers.size(), budget);
        std::set<std::string> names;
        std::size_t packages = 0;
        for (const Layer& layer : plan.layers) {
            EXPECT_FALSE(layer.packages.empty()) << layer.id;
            for (const LayerPackage& package : layer.packages) names.insert(package.name);
            packages += layer.packages.size();
        }
        EXPECT_EQ(packages, lock.packages.size()) << budget;
        EXPECT_EQ(names.size(), lock.packages.size()) << budget;
    }
}

TEST(LayerPlan, UsesTheBudgetItIsGiven) {
    EXPECT_EQ(plan_of(large_lock(), 16).layers.size(), 16U);
    EXPECT_EQ(plan_of(large_lock(), 60).layers.size(), 60U);
}

TEST(LayerPlan, PutsPythonAndWhatItNeedsToStartIntoOneLayer) {
    const LayerPlan plan = plan_of(small_lock());
    const Layer* interpreter = plan.layer(interpreter_layer);
    ASSERT_NE(interpreter, nullptr);
    std::vector<std::string> names;
    for (const LayerPackage& package : interpreter->packages) names.push_back(package.name);
    EXPECT_EQ(names, (std::vector<std::string>{"ca-certificates", "openssl", "python", "tzdata"}));
}

TEST(LayerPlan, GivesHeavyAndAskedPackagesTheirOwnLayers) {
    Lock lock = large_lock();
    lock.packages.push_back({wheel("transformers", 11 * mib), {"gpu"}});
    lock.roots.push_back({PackageKind::pypi, "Transformers[torch]>=4.44", {"gpu"}, {}});
    const LayerPlan plan = plan_of(lock);
    EXPECT_NE(plan.layer("pypi-transformers"), nullptr);
    const auto heaviest =
        std::ranges::max(lock.packages, {}, [](const LockPackage& p) { return p.package.size_bytes; });
    EXPECT_EQ(layer_with(plan, heaviest.package.name)->packages.size(), 1U);
}

TEST(LayerPlan, ShipsFewBytesForASmallBump) {
    const Lock lock = large_lock();
    const LayerPlan before = plan_of(lock);
    std::uint64_t total = 0;
    for (const Layer& layer : before.layers) total += layer.download_bytes();
    std::uint64_t shipped = 0;
    for (int i = 0; i < 150; ++i) {
        const Lock after = bumped(lock, "wheel" + std::to_string(i));
        shipped += shipped_bytes(plan_of(after, 16, &before), before);
    }
    // The mean over 150 wheels; all in one layer would be 100 %.
    EXPECT_LT(shipped / 150, total * 2 / 100);
}

TEST(LayerPlan, KeepsOtherLayersWhenAPackageComesOrGoes) {
    Lock lock = large_lock();
    const LayerPlan before = plan_of(lock);
    std::erase_if(lock.packages, [](const LockPackage& p) { return p.package.name == "little17"; });
    lock.packages.push_back({wheel("newcomer", 300 * 1024), {"gpu"}});
    const LayerPlan after = plan_of(lock, 16, &before);
    const std::set<std::string> changed = changed_layers(after, &before);
    EXPECT_LE(changed.size(), 2U);
    EXPECT_TRUE(changed.contains(layer_with(before, "little17")->id));
    EXPECT_TRUE(changed.contains(layer_with(after, "newcomer")->id));
}

TEST(LayerPlan, KeepsAPackageInItsSizeClassUntilItIsClearlyPast) {
    const Lock lock = large_lock();
    const LayerPlan before = plan_of(lock);
    const std::string home = layer_with(before, "middle3")->id;
    EXPECT_EQ(home.substr(0, 7), "medium-");
    const LayerPlan grown = plan_of(bumped(lock, "middle3", 9 * mib), 16, &before);
    EXPECT_EQ(layer_with(grown, "middle3")->id, home);
    const LayerPlan doubled = plan_of(bumped(lock, "middle3", 17 * mib), 16, &before);
    EXPECT_EQ(layer_with(doubled, "middle3")->id.substr(0, 6), "large-");
}

TEST(LayerPlan, SplitsBucketsAboveTwoGibibytes) {
    std::vector<Package> packages;
    for (int i = 0; i < 12; ++i) packages.push_back(conda_package("big" + std::to_string(i), 900 * mib));
    const LayerPlan plan = plan_of(lock_of(packages), 2);
    for (const Layer& layer : plan.layers) EXPECT_LE(layer.download_bytes(), max_layer_bytes) << layer.id;
}

TEST(LayerPlan, DependsOnNeitherTheRootsOrderNorAnOlderTarget) {
    Lock lock = small_lock();
    const LayerPlan plan = plan_of(lock);
    std::ranges::reverse(lock.roots);
    LayerPlan foreign = plan;
    foreign.target = "cpu";
    EXPECT_EQ(plan_of(lock, 16, &foreign), plan);
}

TEST(LayerPlan, RefusesWhatNoImageCanHave) {
    Lock lock = small_lock();
    EXPECT_EQ(plan_layers(lock, "cpu", 16, {}).error().message, "the lock has no target `cpu`");
    EXPECT_EQ(plan_layers(lock, "gpu", 0, {}).error().code, ErrorCode::usage);
    EXPECT_EQ(plan_layers(lock, "gpu", 61, {}).error().code, ErrorCode::usage);
    lock.packages.push_back({conda_package("a\nRUN evil", 1), {"gpu"}});
    EXPECT_EQ(plan_layers(lock, "gpu", 16, {}).error().code, ErrorCode::refused);
}

TEST(AskedPackages, ReadsNamesOfBothWorlds) {
    const std::set<PackageKey> asked = asked_packages(small_lock(), "gpu");
    EXPECT_EQ(asked, (std::set<PackageKey>{{PackageKind::conda, "jupyterlab"},
                                           {PackageKind::conda, "numpy"},
                                           {PackageKind::conda, "python"},
                                           {PackageKind::pypi, "transformers"}}));
    EXPECT_TRUE(asked_packages(small_lock(), "cpu").empty());
}

TEST(LayerPlanText, IsReadBackAsWritten) {
    const LayerPlan plan = plan_of(large_lock());
    const auto again = read_layer_plan(write_layer_plan(plan), "aimlock.layers");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, plan);
}

TEST(LayerPlanText, RefusesOtherTexts) {
    const std::string good = write_layer_plan(plan_of(small_lock()));
    EXPECT_FALSE(read_layer_plan("", "f"));
    EXPECT_FALSE(read_layer_plan("aimlock-layers 2\n", "f"));
    EXPECT_FALSE(read_layer_plan("aimlock-layers 1\ntarget gpu\nbudget -4\n", "f"));
    const auto wrong = read_layer_plan(good + "  conda x 1 2 abc\n", "aimlock.layers");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().pos.file, "aimlock.layers");
    EXPECT_EQ(wrong.error().pos.line, std::count(good.begin(), good.end(), '\n') + 1);
}

TEST(LayerTable, ShowsWhatARebuildShips) {
    const Lock lock = small_lock();
    const LayerPlan before = plan_of(lock, 6);
    const LayerPlan after = plan_of(bumped(bumped(lock, "tqdm"), "openssl"), 6, &before);
    const std::string table = render_layer_table(after, &before, lock.base, asked_packages(lock, "gpu"));
    testing::expect_golden("image/layer_table.txt", table);
}

TEST(LayerTable, FitsEightyColumns) {
    const Lock lock = large_lock();
    const LayerPlan before = plan_of(lock);
    Lock moved = lock;
    for (int i = 0; i < 40; ++i) moved = bumped(moved, "little" + std::to_string(i));
    const std::string table = render_layer_table(plan_of(moved, 16, &before), &before, std::nullopt, {});
    std::size_t begin = 0;
    while (begin < table.size()) {
        const std::size_t end = table.find('\n', begin);
        EXPECT_LE(end - begin, 80U) << table.substr(begin, end - begin);
        begin = end + 1;
    }
}

TEST(LayerPlan, wheels_of_unknown_size_are_spread_by_kind) {
    // Plain HTML indexes state no sizes.
    std::vector<Package> packages;
    for (int i = 0; i < 12; ++i) {
        packages.push_back(testing::wheel("pure" + std::to_string(i), 0));
        packages.push_back(testing::wheel("native" + std::to_string(i), 0, false));
    }
    const Lock lock = testing::lock_of(packages, {}, {"pure3"});
    const auto plan = plan_layers(lock, "gpu", 12, asked_packages(lock, "gpu"));
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(12U, plan->layers.size());
    for (const Layer& layer : plan->layers) {
        const auto is_native = [](const LayerPackage& p) { return p.name.starts_with("native"); };
        const auto natives = std::ranges::count_if(layer.packages, is_native);
        EXPECT_TRUE(natives == 0 || natives == static_cast<std::ptrdiff_t>(layer.packages.size()))
            << layer.id;
    }
}

}  // namespace
}  // namespace aimlock
