#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "solver/model/name_map.hpp"
#include "solver/model/solution.hpp"
#include "solver/model/target.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> facts_of(const Target& target) {
    std::vector<std::string> texts;
    for (const VirtualPackage& package : target.virtual_packages()) texts.push_back(package.text());
    return texts;
}

TEST(Target, LinuxFactsAreSortedAndNoHostIsAsked) {
    Target target;
    target.glibc = "2.35";
    EXPECT_THAT(facts_of(target),
                ElementsAre("__archspec=1=x86_64", "__glibc=2.35", "__linux=5.10", "__unix=0"));
}

TEST(Target, ArchitecturesCountOnlyBesideADriver) {
    Target target;
    target.cuda_arch = {"12.0", "8.6", "9.0"};
    EXPECT_THAT(facts_of(target), ::testing::Not(::testing::Contains(::testing::StartsWith("__cuda"))));
    target.cuda = "12.4";
    EXPECT_THAT(facts_of(target), ::testing::IsSupersetOf({"__cuda=12.4", "__cuda_arch=8.6"}));
}

TEST(Target, OtherPlatforms) {
    Target target;
    target.platform = "osx-arm64";
    EXPECT_THAT(facts_of(target), ElementsAre("__archspec=1=arm64", "__osx=14.0", "__unix=0"));
    target.platform = "win-64";
    EXPECT_THAT(facts_of(target), ElementsAre("__archspec=1=x86_64", "__win=10.0"));
    target.platform = "linux-aarch64";
    EXPECT_EQ(facts_of(target).front(), "__archspec=1=aarch64");
    target.archspec = "neoverse_v1";
    EXPECT_EQ(facts_of(target).front(), "__archspec=1=neoverse_v1");
}

TEST(Target, MarkersFollowThePlatform) {
    Target target;
    const MarkerEnvironment linux_markers = target.markers("3.12.13");
    EXPECT_EQ(linux_markers.python_version, "3.12");
    EXPECT_EQ(linux_markers.python_full_version, "3.12.13");
    EXPECT_EQ(linux_markers.implementation_version, "3.12.13");
    EXPECT_EQ(linux_markers.platform_machine, "x86_64");
    EXPECT_EQ(linux_markers.sys_platform, "linux");
    target.platform = "osx-arm64";
    EXPECT_EQ(target.markers("3.12").platform_machine, "arm64");
    EXPECT_EQ(target.markers("3.12").python_version, "3.12");
    EXPECT_EQ(target.markers("3.12").platform_system, "Darwin");
    target.platform = "win-64";
    EXPECT_EQ(target.markers("3.12.1").platform_machine, "AMD64");
    EXPECT_EQ(target.markers("3.12.1").os_name, "nt");
}

TEST(Target, TagsFollowGlibc) {
    Target target;
    target.glibc = "2.35";
    const TagPlatform tags = target.tag_platform(11, true);
    EXPECT_EQ(tags.glibc_minor, 35U);
    EXPECT_EQ(tags.python_minor, 11U);
    EXPECT_TRUE(tags.free_threaded);
    EXPECT_EQ(tags.conda_subdir, "linux-64");
}

TEST(NameMap, BuiltInTableCoversTheTraps) {
    const NameMap map = NameMap::built_in();
    EXPECT_TRUE(map.is_built_in());
    EXPECT_THAT(map.pypi_names("pytorch"), ElementsAre("torch"));
    EXPECT_THAT(map.pypi_names("matplotlib-base"), ElementsAre("matplotlib"));
    EXPECT_THAT(map.pypi_names("py-opencv"), ElementsAre("opencv-python"));
    EXPECT_THAT(map.pypi_names("python-tzdata"), ElementsAre("tzdata"));
    EXPECT_THAT(map.pypi_names("vtk-base"), ElementsAre("vtk"));
    EXPECT_THAT(map.pypi_names("ruamel.yaml"), ElementsAre("ruamel-yaml"));
    EXPECT_THAT(map.pypi_names("pytorch-gpu"), IsEmpty());
    EXPECT_THAT(map.pypi_names("cudnn"), IsEmpty());
    EXPECT_THAT(map.pypi_names("__cuda"), IsEmpty());
    EXPECT_THAT(map.conda_names("torch"), ElementsAre("pytorch"));
    EXPECT_EQ(map.digest(), sha256_of(""));
}

TEST(NameMap, DocumentSaysWhatItKnowsAndTheTableTheRest) {
    const auto map = NameMap::parse(
        R"({"numpy": ["NumPy"], "tzdata": null, "a": "B.c", "pytorch": [], "x": ["t", "numpy"]})", "map");
    ASSERT_TRUE(map);
    EXPECT_FALSE(map->is_built_in());
    EXPECT_THAT(map->pypi_names("numpy"), ElementsAre("numpy"));
    EXPECT_THAT(map->pypi_names("tzdata"), IsEmpty());
    EXPECT_THAT(map->pypi_names("a"), ElementsAre("b-c"));
    EXPECT_THAT(map->pypi_names("pytorch"), IsEmpty());
    EXPECT_THAT(map->pypi_names("dask-core"), ElementsAre("dask"));
    EXPECT_THAT(map->pypi_names("scipy"), IsEmpty());
    EXPECT_THAT(map->conda_names("numpy"), ElementsAre("numpy", "x"));
    EXPECT_THAT(map->conda_names("dask"), ElementsAre("dask-core"));
    EXPECT_THAT(map->conda_names("torch"), IsEmpty());
}

TEST(NameMap, FaultsHaveAPlace) {
    const auto broken = NameMap::parse("{\n  \"a\": [\"b\",]\n}", "map.json");
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().pos.file, "map.json");
    EXPECT_EQ(broken.error().pos.line, 2U);
    EXPECT_FALSE(NameMap::parse("[]", "map.json"));
    EXPECT_FALSE(NameMap::parse(R"({"a": 1})", "map.json"));
    EXPECT_FALSE(NameMap::parse(R"({"a": [1]})", "map.json"));
    EXPECT_FALSE(NameMap::parse("", "map.json"));
}

TEST(Conflict, ExplanationIsTheChainLineByLine) {
    Conflict conflict;
    EXPECT_EQ(conflict.explanation(), "");
    conflict.chain = {"a needs b", "b needs c"};
    EXPECT_EQ(conflict.explanation(), "a needs b\nb needs c");
}

}  // namespace
}  // namespace aimlock
