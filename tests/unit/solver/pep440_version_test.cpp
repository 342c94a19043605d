#include "solver/version/pep440_version.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/solver/random_text.hpp"

namespace aimlock {
namespace {

Pep440Version v(std::string_view text) {
    return Pep440Version::parse(text).value();
}

std::vector<Pep440Version> sample() {
    testing::RandomText random(1);
    std::vector<Pep440Version> versions;
    while (versions.size() < 2000) {
        const std::string text =
            random.of({"0", "1", "2", "10", "88", "300", "70000"}, 1) +
            random.of({"", "", ".0", ".1", ".87", ".88", ".256", ".99999999999999999999"}, 3) +
            random.of({"", "", "a1", "b2", "rc0", "a88"}, 1) + random.of({"", "", ".post1", ".post0"}, 1) +
            random.of({"", "", ".dev0", ".dev9"}, 1) + random.of({"", "", "+cu126", "+1", "+1.a", "+a.1"}, 1);
        if (auto version = Pep440Version::parse(text)) versions.push_back(*version);
    }
    return versions;
}

TEST(Pep440Version, OrderIsAntisymmetricAndTransitive) {
    testing::for_triples(sample(), 200'000, [](const auto& a, const auto& b, const auto& c) {
        ASSERT_EQ(a<b, b> a) << a.text() << " " << b.text();
        ASSERT_EQ(a == b, !(a < b) && !(b < a)) << a.text() << " " << b.text();
        ASSERT_TRUE(!(a < b && b < c) || a < c) << a.text() << " " << b.text() << " " << c.text();
    });
}

TEST(Pep440Version, TextReadsBackEqual) {
    for (const Pep440Version& version : sample()) {
        const auto again = Pep440Version::parse(version.text());
        ASSERT_TRUE(again && *again == version && again->text() == version.text()) << version.text();
        ASSERT_EQ(v(version.canonical_text()), version) << version.text();
    }
}

TEST(Pep440Version, NumbersOfAnyLengthCompareAsNumbers) {
    EXPECT_LT(v("1.18446744073709551615"), v("1.18446744073709551616"));
    EXPECT_LT(v("1.99999999999999999999"), v("1.100000000000000000000"));
    EXPECT_EQ(v("1.007"), v("1.7"));
    EXPECT_LT(v("87"), v("88"));
    EXPECT_LT(v("255"), v("256"));
    EXPECT_EQ(v("99999999999999999999").major(), std::numeric_limits<std::uint64_t>::max());
}

TEST(Pep440Version, PartsAreTold) {
    const Pep440Version version = v(" v1!2.03.0-RC.1.post2.dev3+CU-126 ");
    EXPECT_EQ(version.text(), "1!2.3.0rc1.post2.dev3+cu.126");
    EXPECT_EQ(version.public_text(), "1!2.3.0rc1.post2.dev3");
    EXPECT_EQ(version.local_text(), "cu.126");
    EXPECT_EQ(version.base().text(), "1!2.3.0");
    EXPECT_EQ(version.without_local(), v("1!2.3rc1.post2.dev3"));
    EXPECT_EQ(version.release(), (std::vector<std::string>{"2", "3", "0"}));
    EXPECT_EQ(version.major(), 2U);
    EXPECT_EQ(version.minor(), 3U);
    EXPECT_EQ(v("3").minor(), 0U);
    EXPECT_TRUE(version.is_prerelease() && version.is_postrelease() && version.is_devrelease() &&
                version.has_local());
    EXPECT_FALSE(v("1.post1").is_prerelease());
    EXPECT_EQ(Pep440Version(), v("0"));
}

TEST(Pep440Version, WhatIsNoVersionIsRefusedByName) {
    for (const char* text : {"", " ", "1..2", "1.x", "v", "1!", "1+", "1+a..b", "1.0-foo", "!1", "1 0"}) {
        const auto version = Pep440Version::parse(text);
        ASSERT_FALSE(version) << text;
        EXPECT_EQ(version.error().code, ErrorCode::syntax);
        EXPECT_NE(version.error().message.find(text), std::string::npos);
    }
}

}  // namespace
}  // namespace aimlock
