#include "solver/version/conda_version.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/solver/random_text.hpp"

namespace aimlock {
namespace {

CondaVersion v(std::string_view text) {
    return CondaVersion::parse(text).value();
}

std::vector<CondaVersion> sample() {
    testing::RandomText random(2);
    std::vector<CondaVersion> versions;
    while (versions.size() < 2000) {
        const std::string text =
            random.of({"", "", "1!"}, 1) +
            random.of({"0", "0", "1", "300", ".", ".", "_", "a", "dev", "post", "rc", "*"}, 7) +
            random.of({"", "", "+0", "+1.a", "+dev"}, 1);
        if (auto version = CondaVersion::parse(text)) versions.push_back(*version);
    }
    return versions;
}

/// The order by its definition (CEP 33), atom by atom: slow, and independent of the keys.
int compare_atoms(const CondaVersion::Atom& a, const CondaVersion::Atom& b) {
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    const std::string& x = a.digits_or_letters;
    const std::string& y = b.digits_or_letters;
    if (a.kind == CondaVersion::Atom::Kind::number && x.size() != y.size())
        return x.size() < y.size() ? -1 : 1;
    return x == y ? 0 : x < y ? -1 : 1;
}

int compare_parts(const std::vector<CondaVersion::Component>& a,
                  const std::vector<CondaVersion::Component>& b) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const CondaVersion::Component x = i < a.size() ? a[i] : CondaVersion::Component{};
        const CondaVersion::Component y = i < b.size() ? b[i] : CondaVersion::Component{};
        for (std::size_t j = 0; j < std::max(x.size(), y.size()); ++j) {
            const int order = compare_atoms(j < x.size() ? x[j] : CondaVersion::Atom{},
                                            j < y.size() ? y[j] : CondaVersion::Atom{});
            if (order != 0) return order;
        }
    }
    return 0;
}

TEST(CondaVersion, KeysOrderAsTheDefinitionDoes) {
    testing::for_triples(sample(), 100'000, [](const auto& a, const auto& b, const auto& c) {
        const int parts = compare_parts(a.components(), b.components());
        const int defined = parts != 0 ? parts : compare_parts(a.local(), b.local());
        ASSERT_EQ(defined < 0, a < b) << a.text() << " " << b.text();
        ASSERT_EQ(defined == 0, a == b) << a.text() << " " << b.text();
        ASSERT_TRUE(!(a < b && b < c) || a < c) << a.text() << " " << b.text() << " " << c.text();
    });
}

TEST(CondaVersion, MissingComponentsCountAsZero) {
    EXPECT_EQ(v("1.0"), v("1"));
    EXPECT_EQ(v("1.0.0+0"), v("1"));
    EXPECT_LT(v("1.0a"), v("1"));
    EXPECT_LT(v("1.0.0.a"), v("1"));
    EXPECT_LT(v("1"), v("1.0.post1"));
    EXPECT_LT(v("1.0.0.post"), v("1.0.0.1"));
}

TEST(CondaVersion, PrefixesEndAtComponents) {
    EXPECT_TRUE(v("1.8.3").starts_with(v("1.8")));
    EXPECT_TRUE(v("1.8").starts_with(v("1.8.0")));
    EXPECT_TRUE(v("1.8a").starts_with(v("1.8")));
    EXPECT_FALSE(v("1.80").starts_with(v("1.8")));
    EXPECT_FALSE(v("1.8").starts_with(v("1.8.1")));
    EXPECT_TRUE(v("2013ab").starts_with(v("2013a")));
    EXPECT_FALSE(v("1!1.8").starts_with(v("1.8")));
    EXPECT_TRUE(v("1.8.0").starts_with(v("01.8")));
    for (const CondaVersion& version : sample()) EXPECT_TRUE(version.starts_with(version)) << version.text();
}

TEST(CondaVersion, LosesItsLastComponent) {
    EXPECT_EQ(v("1.8.2").without_last_component().text(), "1.8");
    EXPECT_EQ(v("3").without_last_component().text(), "3");
}

TEST(CondaVersion, FaultsAreNamed) {
    const auto message = [](std::string_view text) { return CondaVersion::parse(text).error().message; };
    EXPECT_NE(message("").find("an empty version"), std::string::npos);
    EXPECT_NE(message("1&2").find("a character"), std::string::npos);
    EXPECT_NE(message("1-2_3").find("a character"), std::string::npos);
    EXPECT_NE(message("1!2!3").find("two epochs"), std::string::npos);
    EXPECT_NE(message("a!1").find("no number"), std::string::npos);
    EXPECT_NE(message("1..2").find("an empty component"), std::string::npos);
    EXPECT_NE(message("1+").find("an empty component"), std::string::npos);
    EXPECT_NE(message("+1").find("no version"), std::string::npos);
    EXPECT_NE(message("1+2+3").find("two local parts"), std::string::npos);
}

}  // namespace
}  // namespace aimlock
