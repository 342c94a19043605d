#include "solver/version/conda_version.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "solver/version/conda_range.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

/// A component as the table writes it: numbers, letters, "DEV" and "inf" for post.
json written(const CondaVersion::Component& component) {
    using Kind = CondaVersion::Atom::Kind;
    json atoms = json::array();
    for (const CondaVersion::Atom& atom : component) {
        const std::string& text = atom.digits_or_letters;
        if (atom.kind == Kind::number) atoms.push_back(text.empty() ? 0ULL : std::stoull(text));
        if (atom.kind == Kind::post) atoms.push_back("inf");
        if (atom.kind == Kind::dev) atoms.push_back("DEV");
        if (atom.kind == Kind::letters || atom.kind == Kind::star) atoms.push_back(text);
    }
    return atoms;
}

TEST(CondaVersionOrder, Parse) {
    AIMLOCK_NEEDS_TABLE(table, "conda_version_order");
    RowCount count("conda_version_order parse");
    for (const json& row : table["parse"]) {
        const auto input = row["input"].get<std::string>();
        const auto version = CondaVersion::parse(input);
        json parts;
        if (version) {
            for (const auto& component : version->components()) parts.push_back(written(component));
        }
        const json ours{version ? json(version->normalized_text()) : json(), parts};
        count.add(input, ours == json{row["normalized"], row.value("parts", json())}, ours.dump());
    }
    count.finish();
}

TEST(CondaVersionOrder, AscendingListAscends) {
    AIMLOCK_NEEDS_TABLE(table, "conda_version_order");
    RowCount count("conda_version_order ascending");
    std::vector<CondaVersion> versions;
    for (const json& text : table["ascending_lists"]["test_version_order"]) {
        versions.push_back(*CondaVersion::parse(text.get<std::string>()));
    }
    for (std::size_t i = 0; i < versions.size(); ++i) {
        bool ascends = true;
        for (std::size_t j = 0; j < versions.size(); ++j) {
            const bool dash =
                versions[i].normalized_text() == versions[j].normalized_text();  // 0.5_5 and 0.5-5
            const bool same = versions[i] == versions[j];
            ascends = ascends && (dash || same || (versions[i] <=> versions[j]) == (i <=> j));
        }
        count.add(versions[i].text(), ascends, "another place");
    }
    count.finish();
}

TEST(CondaVersionOrder, ComparesPairs) {
    AIMLOCK_NEEDS_TABLE(table, "conda_version_order");
    RowCount count("conda_version_order compare");
    for (const json& row : table["compare"]) {
        const auto a = CondaVersion::parse(row[0].get<std::string>());
        const auto b = CondaVersion::parse(row[2].get<std::string>());
        const auto op = row[1].get<std::string>();
        ASSERT_TRUE(a && b) << row.dump();
        bool ours = op == "=="   ? *a == *b
                    : op == "!=" ? !(*a == *b)
                    : op == "<"  ? *a < *b
                                 : a->starts_with(*b);
        count.add(row.dump(), ours == row[3].get<bool>(), ours ? "true" : "false");
    }
    count.finish();
}

TEST(CondaVersionRank, GroupsAscend) {
    AIMLOCK_NEEDS_TABLE(table, "conda_version_rank");
    RowCount count("conda_version_rank groups");
    CondaVersion before;
    bool first = true;
    for (const json& group : table["groups"]) {
        const auto head = CondaVersion::parse(group[0].get<std::string>());
        bool agrees = head && (first || before < *head);
        for (const json& text : group) {
            const auto version = CondaVersion::parse(text.get<std::string>());
            agrees = agrees && version && *version == *head;
        }
        count.add(group.dump(), agrees, "another rank");
        if (head) before = *head;
        first = false;
    }
    count.finish();
}

TEST(CondaVersionSpec, Parse) {
    AIMLOCK_NEEDS_TABLE(table, "conda_version_order");
    RowCount count(
        "conda_version_order versionspec_parse",
        {{"( (1.5|((1.6|1.7), 1.8), 1.9 |2.0))|2.1",
          "conda writes it without parentheses, which reads back as another range; ours reads back equal"}});
    for (const json& row : table["versionspec_parse"]) {
        const auto input = row["input"].get<std::string>();
        const auto range = CondaRange::parse(input);
        const json ours = range ? json(range->text()) : json();
        count.add(input, ours == row["normalized"], ours.dump());
    }
    count.finish();
}

TEST(CondaVersionSpec, Match) {
    AIMLOCK_NEEDS_TABLE(table, "conda_version_order");
    RowCount count("conda_version_order versionspec_match");
    for (const json& row : table["versionspec_match"]) {
        const auto range = CondaRange::parse(row["spec"].get<std::string>());
        const auto version = CondaVersion::parse(row["version"].get<std::string>());
        const bool ours = range && version && range->contains(*version);
        count.add(row.dump(), ours == row["matches"].get<bool>(), ours ? "true" : "false");
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
