#include "solver/version/pep440_specifier.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aimlock {
namespace {

SpecifierSet set(std::string_view text) {
    return SpecifierSet::parse(text).value();
}
Pep440Version v(std::string_view text) {
    return Pep440Version::parse(text).value();
}

struct Fault {
    std::string text;
    std::uint32_t column;
    std::string part_of_message;
};

TEST(Pep440Specifier, ErrorsPointAtTheOffendingByte) {
    for (const Fault& fault :
         {Fault{">=1,2.0", 14, "expected one of"}, Fault{">=1, ~=2", 17, "at least two numbers"},
          Fault{">=", 12, "expected a version after `>=`"}, Fault{">= 1.*", 13, "`.*` after `>=`"},
          Fault{"<1+cu", 11, "a local version after `<`"}, Fault{"==1a1.*", 12, "after a pre-release"},
          Fault{"==1,===a b", 17, "holds a blank"}, Fault{"==1.x", 12, "is not a PEP 440 version"}}) {
        const auto parsed = SpecifierSet::parse(fault.text, SourcePos{"requirements.txt", 3, 10});
        ASSERT_FALSE(parsed) << fault.text;
        EXPECT_EQ(parsed.error().pos, (SourcePos{"requirements.txt", 3, fault.column})) << fault.text;
        EXPECT_NE(parsed.error().message.find(fault.part_of_message), std::string::npos)
            << parsed.error().message;
    }
}

TEST(Pep440Specifier, LocalVersionsCountOnlyWhereTheyAreNamed) {
    EXPECT_TRUE(set("==2.6.0").admits(v("2.6.0+cu126")));
    EXPECT_FALSE(set("==2.6.0+cu126").admits(v("2.6.0")));
    EXPECT_TRUE(set("<=2.6.0").admits(v("2.6.0+cu126")));
    EXPECT_FALSE(set(">2.6.0").admits(v("2.6.0+cu126")));
}

TEST(Pep440Specifier, PreReleasesAreTheCallersRule) {
    EXPECT_TRUE(set(">=1").admits(v("2.0rc1")));
    EXPECT_FALSE(set("<2").admits(v("2.0rc1")));
    EXPECT_FALSE(set(">=1").contains(v("2.0rc1"), false));
    EXPECT_TRUE(set(">=2.0rc1").names_prerelease());
    EXPECT_FALSE(set("!=2.0rc1,>1").names_prerelease());
    const std::vector<Pep440Version> versions{v("1.0"), v("2.0rc1")};
    EXPECT_EQ(set(">=1").filter(versions), (std::vector<std::size_t>{0}));
    EXPECT_EQ(set(">=1.5").filter(versions), (std::vector<std::size_t>{1}));
    EXPECT_EQ(set(">=1.0rc1").filter(versions), (std::vector<std::size_t>{0, 1}));
}

TEST(Pep440Specifier, PinsAndUpperBoundsAreTold) {
    EXPECT_EQ(set(">=1,==1.2").pinned(), v("1.2"));
    EXPECT_EQ(set("===1.2").pinned(), v("1.2"));
    EXPECT_FALSE(set("==1.*").pinned());
    EXPECT_FALSE(set("===not.a.version!").pinned());
    EXPECT_TRUE(set("~=1.2").has_upper_bound());
    EXPECT_TRUE(set("==1.*").has_upper_bound());
    EXPECT_FALSE(set(">=1,!=2").has_upper_bound());
    EXPECT_TRUE(set("").empty());
}

TEST(Pep440Specifier, TextIsSortedWithoutBlanksAndReadsBack) {
    EXPECT_EQ(set(" >= 1 , < 2 , >=1, ").text(), "<2,>=1");
    EXPECT_EQ(set(set("~=1.0,!=1.5.*").text()).text(), "!=1.5.*,~=1.0");
}

}  // namespace
}  // namespace aimlock
