#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "solver/spec/package_name.hpp"
#include "solver/spec/requirement.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

json fields_of(const Requirement& requirement) {
    return {{"name", requirement.written_name},
            {"extras", requirement.extras},
            {"specifier", requirement.specifiers.text()},
            {"url", requirement.url ? json(*requirement.url) : json()},
            {"marker", requirement.marker ? json(requirement.marker->text()) : json()}};
}

json recorded_fields(const json& row) {
    json fields = row;
    for (const char* key : {"input", "valid", "normalized"}) fields.erase(key);
    std::set<std::string> extras;
    for (const json& extra : row["extras"]) extras.insert(normalize_pypi_name(extra.get<std::string>()));
    fields["extras"] = extras;
    return fields;
}

TEST(Pep508Requirements, Parse) {
    AIMLOCK_NEEDS_TABLE(table, "pep508_requirements");
    RowCount count("pep508_requirements parse");
    for (const json& row : table["requirements"]) {
        const auto input = row["input"].get<std::string>();
        const auto requirement = Requirement::parse(input);
        if (!row["valid"].get<bool>() || !requirement) {
            count.add(input, !row["valid"].get<bool>() && !requirement,
                      requirement ? requirement->text() : requirement.error().message);
            continue;
        }
        const json ours = fields_of(*requirement);
        const auto again = Requirement::parse(requirement->text());
        const bool agrees = ours == recorded_fields(row) &&
                            requirement->name == normalize_pypi_name(requirement->written_name) && again &&
                            again->text() == requirement->text();
        count.add(input, agrees, ours.dump() + " " + requirement->text());
    }
    count.finish();
}

TEST(Pep508Requirements, CanonicalName) {
    AIMLOCK_NEEDS_TABLE(table, "pep508_requirements");
    RowCount count("pep508_requirements canonicalize_name");
    for (const json& row : table["canonicalize_name"]) {
        const std::string ours = normalize_pypi_name(row["input"].get<std::string>());
        count.add(row.dump(), ours == row["result"].get<std::string>(), ours);
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
