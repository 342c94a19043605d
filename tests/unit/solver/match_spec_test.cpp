#include "solver/spec/match_spec.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aimlock {
namespace {

MatchSpec spec(std::string_view text) {
    return MatchSpec::parse(text).value();
}

struct Fault {
    std::string text;
    std::uint32_t column;
    std::string part_of_message;
};

TEST(MatchSpec, ErrorsPointAtTheOffendingPart) {
    for (const Fault& fault :
         {Fault{"", 5, "expected a package name"}, Fault{"pack@ge 1", 5, "not a package name"},
          Fault{"numpy >=", 11, "expected a version"}, Fault{"numpy (>=1)", 11, "parentheses"},
          Fault{"numpy[versoin=1]", 11, "unknown key `versoin`"},
          Fault{"numpy[build=1,build=2]", 19, "given twice"}, Fault{"numpy[build=1", 10, "`[` without `]`"},
          Fault{"numpy[build=1]x", 19, "after `]`"}, Fault{"numpy 1.2 a b", 15, "after the build"},
          Fault{"a if b", 7, "[when=…]"}, Fault{"numpy[build_number=x]", 24, "build number"}}) {
        const auto parsed = MatchSpec::parse(fault.text, SourcePos{"aimlock.toml", 7, 5});
        ASSERT_FALSE(parsed) << fault.text;
        EXPECT_EQ(parsed.error().pos, (SourcePos{"aimlock.toml", 7, fault.column})) << parsed.error().message;
        EXPECT_NE(parsed.error().message.find(fault.part_of_message), std::string::npos)
            << parsed.error().message;
        EXPECT_FALSE(parsed.error().hint.empty());
    }
}

TEST(MatchSpec, OneEqualsSignIsAPrefixUnlessABuildFollowsIt) {
    EXPECT_EQ(spec("numpy=1.8").text(), "numpy=1.8");
    EXPECT_EQ(spec("numpy =1.8").text(), "numpy=1.8");
    EXPECT_EQ(spec("numpy 1.8").text(), "numpy==1.8");
    EXPECT_EQ(spec("numpy=1.8=py27_0").text(), "numpy==1.8=py27_0");
    EXPECT_EQ(spec("numpy =1.8 py27_0").text(), "numpy=1.8[build=py27_0]");
}

TEST(MatchSpec, FieldsOfARecordAreAllLookedAt) {
    const CondaVersion version = CondaVersion::parse("1.26.4").value();
    MatchFields record;
    record.name = "numpy";
    record.version = &version;
    record.build = "py312h_0";
    record.build_number = 3;
    record.channel = "conda-forge";
    record.subdir = "linux-64";
    record.file_name = "numpy-1.26.4-py312h_0.conda";
    record.url = "https://index.example/conda-forge/linux-64/numpy-1.26.4-py312h_0.conda";
    record.md5 = "0123456789abcdef";
    record.sha256 = "fedcba";
    record.license = "BSD-3-Clause";
    record.track_features = "b,a";
    for (const char* text :
         {"numpy", "num*", "*", "numpy 1.26.* py312*", "numpy[build_number='>=3']", "conda-forge::numpy",
          "https://index.example/conda-forge/linux-64::numpy", "conda-forge/linux-64::numpy",
          "numpy[md5=0123456789ABCDEF]", "numpy[sha256=FEDCBA]", "numpy[license='bsd*']",
          "numpy[track_features='a b']", "numpy[fn=numpy-1*]",
          "https://index.example/conda-forge/linux-64/numpy-1.26.4-py312h_0.conda",
          "numpy[build='^py31[0-9]h_0$']"}) {
        EXPECT_TRUE(spec(text).matches(record)) << text;
    }
    for (const char* text :
         {"nump", "numpy <1.26", "numpy * py311*", "numpy[build_number=4]", "pytorch::numpy",
          "https://other.example/conda-forge::numpy[url=x]", "numpy[subdir=noarch]", "numpy[md5=00]",
          "numpy[track_features=a]", "numpy[license=MIT]", "numpy[features=x]"}) {
        EXPECT_FALSE(spec(text).matches(record)) << text;
    }
}

TEST(TextPattern, ExpressionsMadeToTakeForeverDoNot) {
    const TextPattern pattern = TextPattern::parse("^(a+)+$").value();
    EXPECT_TRUE(pattern.matches(std::string(900, 'a')));
    EXPECT_FALSE(pattern.matches(std::string(900, 'a') + "b"));
    EXPECT_FALSE(TextPattern::parse("^(a)\\1$"));
    EXPECT_FALSE(TextPattern::parse("^(a$"));
}

TEST(MatchSpec, ChannelsMatchByNameOrAddress) {
    EXPECT_TRUE(channel_matches("conda-forge", "conda-forge"));
    EXPECT_TRUE(channel_matches("pytorch", "https://index.example/pytorch/linux-64"));
    EXPECT_TRUE(channel_matches("https://index.example/pytorch", "pytorch"));
    EXPECT_TRUE(channel_matches("defaults", "https://index.example/pkgs/main"));
    EXPECT_FALSE(channel_matches("defaults", "pkgs/free"));
    EXPECT_FALSE(channel_matches("forge", "conda-forge"));
    EXPECT_FALSE(channel_matches("https://a.example/x", "https://b.example/x"));
}

TEST(MatchSpec, WhatIsPrintedReadsBack) {
    for (const std::string text :
         {R"(a[license="it's"])", R"(a[license='say "x"'])", R"(a[license="it's [\"]"])", "a[fn='x[1] y']",
          R"(a[url="https://x/it's"])", "https://x/linux-64/a-1.0-b.conda", "d.conda >=1", "a=1.conda*",
          "d.conda[]", "a[channel='https://x/a b']"}) {
        const std::string printed = spec(text).text();
        const auto again = MatchSpec::parse(printed);
        ASSERT_TRUE(again) << text << " -> " << printed << ": " << again.error().message;
        EXPECT_EQ(again->text(), printed) << text;
        EXPECT_EQ(again->license ? again->license->text() : "",
                  spec(text).license ? spec(text).license->text() : "");
    }
}

TEST(MatchSpec, QuotesThatNothingCouldPrintAreRefused) {
    EXPECT_FALSE(MatchSpec::parse(R"(a[md5=0'1"])"));
    EXPECT_FALSE(MatchSpec::parse(R"(a[license=it's])"));
    EXPECT_FALSE(MatchSpec::parse(R"(a[channel="b]'::x"])"));
    EXPECT_FALSE(MatchSpec::parse(R"(conda'"x::a)"));
    EXPECT_FALSE(MatchSpec::parse("https://x/%5B/linux-64/a-1.0-b.conda"));
}

TEST(MatchSpec, NameIsFoundWithoutReadingTheRest) {
    EXPECT_EQ(match_spec_name("numpy >=1.8,<2"), "numpy");
    EXPECT_EQ(match_spec_name("conda-forge::numpy[version='>=1']"), "numpy");
    EXPECT_EQ(match_spec_name("numpy>=1.8"), "numpy");
    EXPECT_EQ(match_spec_name("__glibc"), "__glibc");
    EXPECT_EQ(match_spec_name("numpy[when='a::b']"), "numpy");
}

TEST(MatchSpec, ConditionsAndGroupsAreKept) {
    const MatchSpec parsed =
        spec("pkg[when='(python >=3.6 or python <3.0) and __unix', extras=[b, 'a'], flags=cpu]");
    EXPECT_EQ(parsed.when, "(python >=3.6 or python <3.0) and __unix");
    EXPECT_EQ(parsed.extras, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(parsed.flags, (std::vector<std::string>{"cpu"}));
    EXPECT_FALSE(MatchSpec::parse("pkg[when='(a']"));
    EXPECT_FALSE(MatchSpec::parse("pkg[when='a and']"));
    EXPECT_FALSE(MatchSpec::parse("pkg[when='" + std::string(10'000, '(') + "']"));
}

// Found by fuzzing.
TEST(MatchSpec, BracketsAreNoPartOfAFileName) {
    EXPECT_FALSE(MatchSpec::parse("*[name=x.tar.bz2").has_value());
}

}  // namespace
}  // namespace aimlock
