#include "solver/spec/package_name.hpp"

#include <gtest/gtest.h>

namespace aimlock {
namespace {

TEST(PackageName, PypiNamesAreNormalised) {
    EXPECT_EQ(normalize_pypi_name("Foo._-Bar"), "foo-bar");
    EXPECT_EQ(normalize_pypi_name("zope.interface"), "zope-interface");
    EXPECT_EQ(normalize_pypi_name("_x_"), "-x-");
}

TEST(PackageName, PypiNamesBeginAndEndWithLetterOrDigit) {
    EXPECT_TRUE(is_valid_pypi_name("A"));
    EXPECT_TRUE(is_valid_pypi_name("ruamel.yaml_clib"));
    EXPECT_FALSE(is_valid_pypi_name(""));
    EXPECT_FALSE(is_valid_pypi_name("-a"));
    EXPECT_FALSE(is_valid_pypi_name("a."));
    EXPECT_FALSE(is_valid_pypi_name("a b"));
}

TEST(PackageName, CondaNames) {
    EXPECT_TRUE(is_valid_conda_name("r-base"));
    EXPECT_TRUE(is_valid_conda_name("_openmp_mutex"));
    EXPECT_TRUE(is_valid_conda_name("__glibc"));
    EXPECT_FALSE(is_valid_conda_name("NumPy"));
    EXPECT_FALSE(is_valid_conda_name("___x"));
    EXPECT_FALSE(is_valid_conda_name("-x"));
    EXPECT_FALSE(is_valid_conda_name("a--b"));
    EXPECT_FALSE(is_valid_conda_name("a..b"));
    EXPECT_FALSE(is_valid_conda_name("a b"));
}

TEST(PackageName, EditDistanceCountsASwapOnce) {
    EXPECT_EQ(edit_distance("numpy", "numpy"), 0U);
    EXPECT_EQ(edit_distance("numpy", "nmupy"), 1U);
    EXPECT_EQ(edit_distance("slove", "solve"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

}  // namespace
}  // namespace aimlock
