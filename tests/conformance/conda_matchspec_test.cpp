#include <string>

#include <gtest/gtest.h>

#include "solver/spec/match_spec.hpp"
#include "tests/conformance/table.hpp"

namespace aimlock {
namespace {

using nlohmann::json;
using testing::RowCount;

/// A channel that the reference resolved against the public alias is a name to us: which alias holds is not a
/// spec's word.
std::string without_alias(std::string text) {
    static const std::string alias = "https://conda.anaconda.org/";
    for (std::size_t at; (at = text.find(alias)) != std::string::npos;) text.erase(at, alias.size());
    return text;
}

json optional(const std::optional<std::string>& text) {
    return text ? json(without_alias(*text)) : json();
}

/// The fields that a row records, as we read them.
json fields_of(const MatchSpec& spec) {
    json fields{{"name", spec.name}};
    if (spec.version) fields["version"] = spec.version->text();
    if (spec.build) fields["build"] = spec.build->text();
    if (spec.license) fields["license"] = spec.license->text();
    for (const auto& [key, value] :
         {std::pair{"build_number", optional(spec.build_number)},
          std::pair{"channel", optional(spec.channel)}, std::pair{"subdir", optional(spec.subdir)},
          std::pair{"url", optional(spec.url)}, std::pair{"md5", optional(spec.md5)},
          std::pair{"sha256", optional(spec.sha256)}, std::pair{"when", optional(spec.when)}}) {
        if (!value.is_null()) fields[key] = value;
    }
    return fields;
}

/// The recorded fields that are texts; lists are compared through the canonical spelling.
json recorded_fields(const json& row) {
    json fields = row["fields"];
    for (const char* key : {"extras", "flags", "track_features"}) fields.erase(key);
    for (auto& value : fields) value = without_alias(value.get<std::string>());
    return fields;
}

TEST(CondaMatchSpec, Parse) {
    AIMLOCK_NEEDS_TABLE(table, "conda_matchspec");
    RowCount count("conda_matchspec parse",
                   {{"blas *.* mkl",
                     "conda writes `=*` for `*.*`, which reads back as any version; ours reads back equal"}});
    for (const json& row : table["parse"]) {
        const auto input = row["input"].get<std::string>();
        const auto spec = MatchSpec::parse(input);
        if (!row["valid"].get<bool>()) {
            count.add(input, !spec, spec ? spec->text() : "");
            continue;
        }
        if (!spec) {
            count.add(input, false, spec.error().message);
            continue;
        }
        const bool agrees =
            without_alias(spec->text()) == without_alias(row["canonical"].get<std::string>()) &&
            fields_of(*spec) == recorded_fields(row);
        count.add(input, agrees, spec->text() + " " + fields_of(*spec).dump());
    }
    count.finish();
}

TEST(CondaMatchSpec, CanonicalTextReadsBack) {
    AIMLOCK_NEEDS_TABLE(table, "conda_matchspec");
    RowCount count("conda_matchspec canonical text reads back");
    for (const json& row : table["parse"]) {
        const auto spec = MatchSpec::parse(row["input"].get<std::string>());
        if (!spec) continue;
        const auto again = MatchSpec::parse(spec->text());
        count.add(spec->text(), again && again->text() == spec->text(),
                  again ? again->text() : again.error().message);
    }
    count.finish();
}

TEST(CondaMatchSpec, Match) {
    AIMLOCK_NEEDS_TABLE(table, "conda_matchspec");
    RowCount count("conda_matchspec match");
    for (const json& row : table["match"]) {
        const json& record = row["record"];
        const auto text = [&](const char* key) {
            const auto found = record.find(key);
            return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
        };
        const auto version = CondaVersion::parse(text("version"));
        ASSERT_TRUE(version) << record.dump();
        const std::string name = text("name"), channel = text("channel"), subdir = text("subdir"),
                          file = text("fn");
        const std::string build = record.contains("build") ? text("build") : text("build_string");
        const std::string url = text("url"), md5 = text("md5"), sha256 = text("sha256");
        const std::string license = text("license"), family = text("license_family"),
                          features = text("track_features");
        const MatchFields fields{name,     &*version, build,   record.value("build_number", std::uint64_t{0}),
                                 channel,  subdir,    file,    url,
                                 md5,      sha256,    license, family,
                                 features, {}};
        const auto spec = MatchSpec::parse(row["spec"].get<std::string>());
        const bool ours = spec && spec->matches(fields);
        count.add(row["spec"].get<std::string>() + " " + record.dump(), ours == row["matches"].get<bool>(),
                  spec ? (ours ? "true" : "false") : spec.error().message);
    }
    count.finish();
}

}  // namespace
}  // namespace aimlock
