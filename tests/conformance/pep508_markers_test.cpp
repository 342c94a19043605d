#include <string>

#include <gtest/gtest.h>

#include "solver/spec/marker.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

TEST(Pep508Markers, Parse) {
    AIMLOCK_NEEDS_TABLE(table, "pep508_markers");
    RowCount count("pep508_markers parse");
    for (const json& row : table["parse"]) {
        const auto input = row["marker"].get<std::string>();
        const auto marker = Marker::parse(input);
        const std::string ours = marker ? marker->text() : "invalid";
        const std::string theirs =
            row["valid"].get<bool>() ? row["normalized"].get<std::string>() : "invalid";
        count.add(input, ours == theirs, ours);
        if (!marker) continue;
        const auto again = Marker::parse(ours);
        EXPECT_TRUE(again && again->text() == ours) << "does not read back: " << ours;
    }
    count.finish();
}

/// The recorded environment of `row`: the table's own with what the row overrides.
MarkerEnvironment environment_of(const json& table, const json& row) {
    json values = table["base_environment"];
    for (const auto& [key, value] : row["environment_override"].items()) values[key] = value;
    const auto value = [&](const char* key) { return values[key].get<std::string>(); };
    return {value("implementation_name"),
            value("implementation_version"),
            value("os_name"),
            value("platform_machine"),
            value("platform_release"),
            value("platform_system"),
            value("platform_version"),
            value("platform_python_implementation"),
            value("python_full_version"),
            value("python_version"),
            value("sys_platform")};
}

MarkerContext context_of(const json& row) {
    const json& given = row["environment_override"];
    const auto set = [&](const char* key) -> std::optional<std::set<std::string>> {
        if (given.contains(key)) return given[key].get<std::set<std::string>>();
        return row["context"] == "lock_file" ? std::optional(std::set<std::string>()) : std::nullopt;
    };
    MarkerContext context{std::nullopt, set("extras"), set("dependency_groups")};
    if (row["context"] == "metadata") context.extra = "";
    if (given.contains("extra"))
        context.extra = given["extra"].is_string() ? given["extra"].get<std::string>() : "";
    return context;
}

TEST(Pep508Markers, Evaluate) {
    AIMLOCK_NEEDS_TABLE(table, "pep508_markers");
    RowCount count(
        "pep508_markers evaluate",
        {{R"({"context":"metadata","environment_override":{},"error":null,"marker":"python_full_version < \"3.12\"","result":true})",
          "recorded while the running Python pretended to be 3.11.1+, which the row does not carry"}});
    for (const json& row : table["evaluate"]) {
        const auto marker = Marker::parse(row["marker"].get<std::string>());
        ASSERT_TRUE(marker) << row["marker"];
        const auto holds = marker->evaluate_in(environment_of(table, row), context_of(row));
        const json ours = holds ? json(*holds) : json();
        count.add(row.dump(), ours == row["result"], ours.dump());
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
