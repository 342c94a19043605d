#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "solver/version/pep440_specifier.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

/// A set of `row`'s specifier. A single `Specifier` is not split at commas, a set is.
std::optional<SpecifierSet> set_of(const json& row) {
    auto set = SpecifierSet::parse(row["specifier"].get<std::string>());
    return set ? std::optional(*std::move(set)) : std::nullopt;
}

/// What the call says, else what the object was told.
std::optional<bool> prereleases_of(const json& row) {
    if (!row["prereleases"].is_null()) return row["prereleases"].get<bool>();
    if (!row["spec_prereleases"].is_null()) return row["spec_prereleases"].get<bool>();
    return std::nullopt;
}

TEST(Pep440Specifiers, Parse) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_specifiers");
    RowCount count(
        "pep440_specifiers parse",
        {{"SpecifierSet [<Specifier('===a,b')>]", "the input is a list of objects, not a text"},
         {"SpecifierSet <list_iterator object at 0x7f73dda2bf70>", "the input is an iterator, not a text"}});
    for (const json& row : table["parse"]) {
        const auto input = row["input"].get<std::string>();
        std::string ours = "invalid";
        if (row["kind"] == "Specifier") {
            if (const auto one = Pep440Specifier::parse(input)) ours = one->text();
        } else if (const auto set = SpecifierSet::parse(input)) {
            ours = set->text();
        }
        const std::string theirs =
            row["valid"].get<bool>() ? row["normalized"].get<std::string>() : "invalid";
        count.add(row["kind"].get<std::string>() + " " + input, ours == theirs, ours);
    }
    count.finish();
}

TEST(Pep440Specifiers, Contains) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_specifiers");
    RowCount count("pep440_specifiers contains");
    for (const json& row : table["contains"]) {
        const auto version = row["version"].get<std::string>();
        const std::optional<SpecifierSet> set = set_of(row);
        std::optional<bool> prereleases = prereleases_of(row);
        if (row["installed"] == true) prereleases = true;  // what is installed counts, pre-release or not
        const bool ours = set && set->contains(version, prereleases);
        count.add(row.dump(), ours == row["matches"].get<bool>(), ours ? "true" : "false");
        const auto parsed = Pep440Version::parse(version);
        if (!parsed || parsed->text() != version) continue;
        EXPECT_EQ(ours, set && set->contains(*parsed, prereleases))
            << "text and version disagree: " << row.dump();
    }
    count.finish();
}

TEST(Pep440Specifiers, Filter) {
    AIMLOCK_NEEDS_TABLE(table, "pep440_specifiers");
    RowCount count("pep440_specifiers filter");
    for (const json& row : table["filter"]) {
        const auto versions = row["versions"].get<std::vector<std::string>>();
        std::vector<std::string> ours;
        if (const std::optional<SpecifierSet> set = set_of(row)) {
            for (const std::size_t i : set->filter(versions, prereleases_of(row)))
                ours.push_back(versions[i]);
        }
        count.add(row.dump(), ours == row["result"].get<std::vector<std::string>>(), json(ours).dump());
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
