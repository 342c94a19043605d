#include "solver/version/conda_range.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aimlock {
namespace {

CondaRange range(std::string_view text) {
    return CondaRange::parse(text).value();
}
bool contains(std::string_view text, std::string_view version) {
    return range(text).contains(CondaVersion::parse(version).value());
}

TEST(CondaRange, CommaBindsTighterThanBar) {
    EXPECT_TRUE(contains("1|>=2,<3", "1"));
    EXPECT_TRUE(contains("1|>=2,<3", "2.5"));
    EXPECT_FALSE(contains("(1|>=2),<1.5|9", "2.5"));
    EXPECT_TRUE(contains("(1|>=2),<1.5|9", "9"));
}

TEST(CondaRange, NotEqualDropsThePrefixOnlyWithStar) {
    EXPECT_TRUE(contains("!=1.8", "1.8.3"));
    EXPECT_FALSE(contains("!=1.8.*", "1.8.3"));
}

TEST(CondaRange, BlanksAroundBoundsAndAfterOperatorsAreAllowed) {
    EXPECT_TRUE(contains(" >= 1.2 , < 2 ", "1.5"));
    EXPECT_EQ(range(" >= 1.2 , < 2 ").text(), ">=1.2,<2");
}

TEST(CondaRange, TextReadsBackAsTheSameRange) {
    for (const char* text :
         {"*", "1.8.*", "=1.8", "(1|2),<3", "1,(2|3,4)|5", "~=1.2.3", "^1\\.[0-9]+$", "1.*.2", "!=1.*"}) {
        EXPECT_EQ(range(range(text).text()).text(), range(text).text());
    }
}

TEST(CondaRange, ExactAndAnyAreTold) {
    ASSERT_NE(range("==1.8").exact(), nullptr);
    EXPECT_EQ(range("1.8").exact()->text(), "1.8");
    EXPECT_EQ(range("1.8.*").exact(), nullptr);
    EXPECT_TRUE(range("*").is_any());
    EXPECT_TRUE(CondaRange().is_any());
    EXPECT_TRUE(CondaRange().contains(CondaVersion()));
}

struct Fault {
    std::string text;
    std::uint32_t column;
};

TEST(CondaRange, ErrorsPointAtTheOffendingByte) {
    for (const Fault& fault :
         {Fault{"(1|2", 5}, Fault{"1)", 6}, Fault{"1,,2", 7}, Fault{">=1,=>2", 9}, Fault{"1|^2", 7},
          Fault{"~=1.*", 5}, Fault{"(1)2", 8}, Fault{"^($", 5}, Fault{"1,2&3", 7}}) {
        const auto parsed = CondaRange::parse(fault.text, SourcePos{"aimlock.toml", 2, 5});
        ASSERT_FALSE(parsed) << fault.text;
        EXPECT_EQ(parsed.error().pos, (SourcePos{"aimlock.toml", 2, fault.column})) << parsed.error().message;
    }
}

TEST(CondaRange, HostileExpressionsEnd) {
    EXPECT_FALSE(CondaRange::parse(std::string(100'000, '(')));
    EXPECT_FALSE(CondaRange::parse("^" + std::string(5'000, 'a') + "$"));
    EXPECT_FALSE(contains("^1.*$", "1" + std::string(100'000, '0')));
    EXPECT_FALSE(contains("*1*1*1*1*1*1*1*1*2*x", std::string(500, '1')));
}

}  // namespace
}  // namespace aimlock
