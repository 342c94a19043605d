#include "solver/spec/marker.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aimlock {
namespace {

Marker marker(std::string_view text) {
    return Marker::parse(text).value();
}

MarkerEnvironment python(const char* full, const char* short_version) {
    MarkerEnvironment environment;
    environment.python_full_version = full;
    environment.python_version = short_version;
    return environment;
}

TEST(Marker, OrBindsLessThanAnd) {
    const MarkerEnvironment environment = python("3.12.1", "3.12");
    EXPECT_TRUE(
        marker("os_name == 'posix' or os_name == 'nt' and python_version < '3'").evaluate(environment));
    EXPECT_FALSE(
        marker("(os_name == 'posix' or os_name == 'nt') and python_version < '3'").evaluate(environment));
}

TEST(Marker, VersionsCompareAsVersions) {
    EXPECT_TRUE(marker("python_version >= '3.9'").evaluate(python("3.12.1", "3.12")));
    EXPECT_TRUE(marker("'3.9' <= python_version").evaluate(python("3.12.1", "3.12")));
    EXPECT_TRUE(marker("python_full_version < '3.12'").evaluate(python("3.11.1+", "3.11")));
    EXPECT_TRUE(marker("python_version in '3.11 3.12'").evaluate(python("3.12.1", "3.12")));
}

TEST(Marker, ExtrasCompareNormalised) {
    const Marker extra = marker("extra == 'A_b'");
    EXPECT_TRUE(extra.mentions_extra());
    EXPECT_TRUE(extra.evaluate({}, "a.B"));
    EXPECT_FALSE(extra.evaluate({}));
    EXPECT_FALSE(marker("os_name == 'posix'").mentions_extra());
}

TEST(Marker, WhatHasNoMeaningDoesNotHoldAndIsToldOnRequest) {
    const Marker odd = marker("os_name ~= 'posix'");
    EXPECT_FALSE(odd.evaluate({}));
    EXPECT_FALSE(odd.evaluate_in({}, {}));
    EXPECT_FALSE(marker("'a' in extras").evaluate_in({}, MarkerContext{}));
}

TEST(Marker, QuotesAndBackslashesReadBack) {
    for (const char* text :
         {R"(os_name == 'a"b')", R"(os_name == "a'b")", R"(os_name == 'a\\b')", R"(os_name == "\"")"}) {
        const auto parsed = Marker::parse(text);
        if (!parsed) continue;  // `"\""` ends at its second quote
        EXPECT_EQ(marker(parsed->text()).text(), parsed->text());
    }
    EXPECT_FALSE(Marker::parse(R"(os_name == "\")"));
}

TEST(Marker, DeepNestingIsRefused) {
    const std::string open(100'000, '(');
    EXPECT_FALSE(Marker::parse(open + "os_name == 'x'"));
}

}  // namespace
}  // namespace aimlock
