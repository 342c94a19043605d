#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "solver/version/pep440_version.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

TEST(Pep440Order, ParsesAndNormalises) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_order");
    RowCount count("pep440_order parse", {{"11111111111111111111… (5000 bytes)",
                                           "Python turns no text of over 4300 digits into a number; we do"},
                                          {"1.0a1111111111111111… (5004 bytes)",
                                           "Python turns no text of over 4300 digits into a number; we do"}});
    for (const json& row : table["parse"]) {
        if (!row["input"].is_string()) {
            count.add(row.dump(), !row["valid"].get<bool>());  // a type that cannot reach us
            continue;
        }
        const auto input = row["input"].get<std::string>();
        const auto version = Pep440Version::parse(input);
        const std::string ours = version ? version->text() : "invalid";
        const std::string theirs =
            row["valid"].get<bool>() ? row["normalized"].get<std::string>() : "invalid";
        count.add(input, ours == theirs, ours);
    }
    count.finish();
}

TEST(Pep440Order, AscendingListAscends) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_order");
    RowCount count("pep440_order ascending");
    std::vector<Pep440Version> versions;
    for (const json& text : table["ascending"])
        versions.push_back(*Pep440Version::parse(text.get<std::string>()));
    for (std::size_t i = 0; i < versions.size(); ++i) {
        bool ascends = true;
        for (std::size_t j = 0; j < versions.size(); ++j)
            ascends = ascends && (versions[i] <=> versions[j]) == (i <=> j);
        count.add(versions[i].text(), ascends, "another place");
    }
    count.finish();
}

bool holds(const Pep440Version& a, const std::string& op, const Pep440Version& b) {
    if (op == "==") return a == b;
    if (op == "!=") return a != b;
    if (op == "<") return a < b;
    if (op == "<=") return a <= b;
    if (op == ">") return a > b;
    return a >= b;
}

TEST(Pep440Order, ComparesPairs) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_order");
    RowCount count("pep440_order compare");
    for (const json& row : table["compare"]) {
        const auto a = Pep440Version::parse(row[0].get<std::string>());
        const auto b = Pep440Version::parse(row[2].get<std::string>());
        const bool ours = a && b && holds(*a, row[1].get<std::string>(), *b);
        count.add(row.dump(), ours == row[3].get<bool>(), ours ? "true" : "false");
    }
    count.finish();
}

TEST(Pep440Order, CanonicalText) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_order");
    RowCount count("pep440_order canonicalize_version");
    for (const json& row : table["canonicalize_version"]) {
        const auto input = row["input"].get<std::string>();
        const auto version = Pep440Version::parse(input);
        const bool strip = row["kwargs"].value("strip_trailing_zero", true);
        const std::string ours = !version ? input : strip ? version->canonical_text() : version->text();
        count.add(row.dump(), ours == row["result"].get<std::string>(), ours);
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
