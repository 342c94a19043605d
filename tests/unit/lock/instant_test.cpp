#include "lock/instant.hpp"

#include <gtest/gtest.h>

namespace aimlock::testing {
namespace {

struct Case {
    const char* name;
    const char* text;
    const char* canonical;  ///< "" where it must not be read
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.text; }
};

class Instant : public ::testing::TestWithParam<Case> {};

TEST_P(Instant, IsReadAndWrittenInUtc) {
    const Result<std::int64_t> instant = parse_instant(GetParam().text, {"aimlock.toml", 4, 18});
    if (std::string_view(GetParam().canonical).empty()) {
        ASSERT_FALSE(instant);
        EXPECT_EQ(instant.error().pos.column, 18U);
        return;
    }
    ASSERT_TRUE(instant) << instant.error().message;
    EXPECT_EQ(instant_text(*instant), GetParam().canonical);
    EXPECT_EQ(*parse_instant(instant_text(*instant)), *instant);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    Instant,
    ::testing::Values(Case{"zulu", "2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z"},
                      Case{"bare_date", "2026-11-20", "2026-11-20T00:00:00Z"},
                      Case{"lower_case", "2026-11-20t08:09:10z", "2026-11-20T08:09:10Z"},
                      Case{"blank_between", "2026-11-20 08:09:10Z", "2026-11-20T08:09:10Z"},
                      Case{"east", "2026-11-20T00:30:00+01:00", "2026-11-19T23:30:00Z"},
                      Case{"west", "2026-12-31T20:00:00-05:30", "2027-01-01T01:30:00Z"},
                      Case{"fraction", "2026-11-20T00:00:00.1239Z", "2026-11-20T00:00:00.123Z"},
                      Case{"leap_day", "2024-02-29", "2024-02-29T00:00:00Z"},
                      Case{"before_1970", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"},
                      Case{"no_leap_day", "2026-02-29", ""},
                      Case{"no_offset", "2026-11-20T00:00:00", ""},
                      Case{"no_hour_24", "2026-11-20T24:00:00Z", ""},
                      Case{"short_year", "26-11-20", ""},
                      Case{"no_fraction_digits", "2026-11-20T00:00:00.Z", ""},
                      Case{"words", "yesterday", ""},
                      Case{"behind_it", "2026-11-20T00:00:00Z!", ""},
                      Case{"empty", "", ""}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace aimlock::testing
