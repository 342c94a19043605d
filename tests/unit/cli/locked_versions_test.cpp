#include "cli/wiring/locked_versions.hpp"

#include <gmock/gmock.h>

namespace aimlock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Lock lock() {
    Lock made;
    LockTarget gpu;
    gpu.name = "gpu";
    made.targets = {gpu};
    LockPackage numpy;
    numpy.package.name = "numpy";
    numpy.package.version = "1.26.4";
    numpy.package.build = "py312_0";
    numpy.targets = {"gpu"};
    LockPackage thinc;
    thinc.package.kind = PackageKind::pypi;
    thinc.package.name = "spacy-legacy";
    thinc.package.version = "3.0.12";
    thinc.targets = {"gpu"};
    made.packages = {numpy, thinc};
    return made;
}

Request request() {
    Request asked;
    asked.targets.resize(2);
    asked.targets[0].target.name = "gpu";
    asked.targets[1].target.name = "cpu";
    return asked;
}

const PreferredVersion numpy{PackageKind::conda, "numpy", "1.26.4", "py312_0"};
const PreferredVersion legacy{PackageKind::pypi, "spacy-legacy", "3.0.12", ""};

TEST(LockedVersions, AreWhatTheTargetOfTheSameNameHolds) {
    Request asked = request();
    prefer_locked(asked, lock());
    EXPECT_THAT(asked.targets[0].preferred, ElementsAre(numpy, legacy));
    EXPECT_THAT(asked.targets[1].preferred, IsEmpty());
}

TEST(LockedVersions, OfAnotherResolutionAreNone) {
    Request asked = request();
    asked.options.resolution = ResolutionMode::lowest;
    prefer_locked(asked, lock());
    EXPECT_THAT(asked.targets[0].preferred, IsEmpty());
}

TEST(LockedVersions, HoldForAllButTheNamedPackages) {
    Request asked = request();
    ASSERT_TRUE(prefer_locked_except(asked, lock(), {"Spacy_Legacy"}));
    EXPECT_THAT(asked.targets[0].preferred, ElementsAre(numpy));
    EXPECT_THAT(asked.targets[0].raised, ElementsAre("Spacy_Legacy", "spacy-legacy"));
}

TEST(LockedVersions, NamesThatTheLockDoesNotHoldAreAllNamed) {
    Request asked = request();
    const auto refused = prefer_locked_except(asked, lock(), {"numpy", "torch", "jax"});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("`torch`, `jax`"));
}

}  // namespace
}  // namespace aimlock::cli
