// Ranks and counts are facts recorded from `packaging` 26.3 (cpython_tags, compatible_tags and its platform
// lists).
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "solver/spec/wheel.hpp"

namespace aimlock {
namespace {

struct Fact {
    std::string tag;
    std::uint32_t rank;
};

void expect_ranks(const TagPlatform& platform, std::size_t count, const std::vector<Fact>& facts) {
    const CompatibleTags tags(platform);
    EXPECT_EQ(tags.tags().size(), count);
    for (const Fact& fact : facts) {
        ASSERT_LT(fact.rank, tags.tags().size());
        EXPECT_EQ(tags.tags()[fact.rank], fact.tag);
        EXPECT_EQ(tags.rank("some_name-1.0-" + fact.tag + ".whl"), fact.rank) << fact.tag;
    }
}

TEST(CompatibleTags, LinuxWithGlibc) {
    TagPlatform platform;
    platform.glibc_minor = 35;
    expect_ranks(platform, 960,
                 {{"cp312-cp312-linux_x86_64", 0},
                  {"cp312-cp312-manylinux_2_35_x86_64", 1},
                  {"cp312-cp312-manylinux_2_17_x86_64", 19},
                  {"cp312-cp312-manylinux2014_x86_64", 20},
                  {"cp312-cp312-manylinux1_x86_64", 34},
                  {"cp312-abi3-manylinux_2_28_x86_64", 43},
                  {"cp312-none-manylinux_2_17_x86_64", 89},
                  {"cp311-abi3-manylinux_2_17_x86_64", 124},
                  {"cp37-abi3-manylinux2014_x86_64", 265},
                  {"cp32-abi3-manylinux1_x86_64", 454},
                  {"py312-none-linux_x86_64", 455},
                  {"py3-none-manylinux_2_17_x86_64", 509},
                  {"cp312-none-any", 945},
                  {"py312-none-any", 946},
                  {"py3-none-any", 947},
                  {"py30-none-any", 959}});
}

TEST(CompatibleTags, FreeThreadedPythonHasItsOwnAbiAndNoAbi3) {
    TagPlatform platform;
    platform.python_minor = 13;
    platform.free_threaded = true;
    expect_ranks(platform, 828,
                 {{"cp313-cp313t-manylinux_2_28_x86_64", 1},
                  {"cp313-abi3t-manylinux_2_17_x86_64", 40},
                  {"cp312-abi3t-manylinux_2_17_x86_64", 96},
                  {"cp313-none-any", 812},
                  {"py3-none-any", 814}});
    const CompatibleTags tags(platform);
    EXPECT_FALSE(tags.rank("a-1-cp313-cp313-manylinux_2_17_x86_64.whl"));
    EXPECT_FALSE(tags.rank("a-1-cp38-abi3-manylinux_2_17_x86_64.whl"));
}

TEST(CompatibleTags, MuslInsteadOfGlibc) {
    TagPlatform platform;
    platform.glibc_minor = 0;
    platform.musl_minor = 2;
    expect_ranks(platform, 123, {{"cp312-cp312-musllinux_1_2_x86_64", 1}, {"py3-none-any", 110}});
    EXPECT_FALSE(CompatibleTags(platform).rank("a-1-cp312-cp312-manylinux_2_17_x86_64.whl"));
}

TEST(CompatibleTags, OtherMachinesAndSystems) {
    TagPlatform arm;
    arm.python_minor = 11;
    arm.conda_subdir = "linux-aarch64";
    expect_ranks(arm, 364,
                 {{"cp311-cp311-manylinux_2_17_aarch64", 12}, {"cp311-cp311-manylinux2014_aarch64", 13}});
    TagPlatform mac;
    mac.conda_subdir = "osx-arm64";
    expect_ranks(mac, 582,
                 {{"cp312-cp312-macosx_14_0_arm64", 0},
                  {"cp312-cp312-macosx_14_0_universal2", 1},
                  {"cp312-cp312-macosx_11_0_arm64", 6},
                  {"cp312-cp312-macosx_10_9_universal2", 15},
                  {"py3-none-any", 569}});
    mac.conda_subdir = "osx-64";
    expect_ranks(mac, 2769,
                 {{"cp312-cp312-macosx_10_9_x86_64", 66}, {"cp312-cp312-macosx_10_9_universal2", 70}});
    mac.python_minor = 10;
    mac.macos_major = 10;
    mac.macos_minor = 15;
    expect_ranks(mac, 1669, {{"cp310-cp310-macosx_10_9_x86_64", 36}});
    TagPlatform windows;
    windows.conda_subdir = "win-64";
    expect_ranks(windows, 42,
                 {{"cp312-cp312-win_amd64", 0}, {"cp38-abi3-win_amd64", 6}, {"py3-none-any", 29}});
    TagPlatform old;
    old.python_minor = 7;
    old.glibc_minor = 17;
    expect_ranks(old, 299, {{"cp37-cp37m-manylinux1_x86_64", 16}, {"py3-none-any", 291}});
}

TEST(CompatibleTags, CompressedNamesRankByTheirBestTag) {
    const CompatibleTags tags(TagPlatform{});
    const auto one = tags.rank("numpy-2.2.3-cp312-cp312-manylinux_2_17_x86_64.whl");
    EXPECT_EQ(tags.rank("numpy-2.2.3-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"), one);
    EXPECT_EQ(tags.rank("numpy-2.2.3-1-cp311.cp312-cp311.cp312-manylinux_2_17_x86_64.whl"), one);
    EXPECT_EQ(tags.rank("numpy-2.2.3-CP312-cp312-manylinux_2_17_x86_64.whl"), one);
    EXPECT_EQ(tags.rank("six-1-py2.py3-none-any.whl"), tags.rank("six-1-py3-none-any.whl"));
}

TEST(CompatibleTags, WhatDoesNotFitHasNoRank) {
    const CompatibleTags tags(TagPlatform{});
    for (const char* name : {"a-1-cp312-cp312-win_amd64.whl", "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
                             "a-1.tar.gz", "a-1-cp312-cp312-manylinux_2_17_x86_64.zip", "py3-none-any.whl",
                             ".whl", "", "a-1-cp312-cp312-manylinux_2_29_x86_64.whl", "a-1-..-..-...whl"}) {
        EXPECT_FALSE(tags.rank(name)) << name;
    }
    EXPECT_FALSE(tags.rank("a-1-" + std::string(5'000, 'x') + "-none-any.whl"));
}

}  // namespace
}  // namespace aimlock
