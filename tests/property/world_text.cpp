// A world as the solver reads it, and as people do.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/property/world.hpp"

namespace aimlock::testing {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

template <class T>
std::vector<std::string> texts(const std::vector<T>& needs) {
    std::vector<std::string> written;
    for (const T& need : needs) written.push_back(need.text());
    return written;
}

ToyRecord toy(const PlainRecord& record) {
    ToyRecord made{record.name,
                   record.version.text(),
                   texts(record.depends),
                   texts(record.constrains),
                   record.build,
                   static_cast<std::uint64_t>(record.build_number),
                   channel_name(record.channel),
                   static_cast<std::uint64_t>(record.day * day_ms),
                   record.tracks ? "slow" : "",
                   {}};
    made.subdir = record.subdir;
    if (!record.purls) return made;
    for (const auto& [name, version] : *record.purls)
        made.purls.push_back("pkg:pypi/" + name + "@" + version.text());
    if (made.purls.empty()) made.purls.emplace_back("pkg:conda/" + record.name);
    return made;
}

ToyRelease toy(const PlainRelease& release) {
    ToyRelease made{release.name, release.version.text(), texts(release.needs), release.extras};
    if (release.broken) made.requires_dist.emplace_back("q >= not a version");
    if (release.python) {
        CondaNeed bound{"", {*release.python}};
        made.requires_python = bound.text().substr(1);
    }
    made.page_states_python = release.page_states_python;
    made.yanked = release.yanked;
    made.tags.clear();
    for (const PlainTag& tag : release.tags) made.tags.push_back(tag.text());
    made.uploaded_ms = release.day * day_ms;
    made.more_of_others = texts(release.more_of_others);
    return made;
}

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

std::string list(const std::vector<std::string>& written) {
    std::string joined = "{";
    for (const std::string& text : written) joined += (joined.size() == 1 ? "" : ", ") + quoted(text);
    return joined + "}";
}

std::string code(const ToyRecord& record) {
    return "    {" + quoted(record.name) + ", " + quoted(record.version) + ", " + list(record.depends) +
           ", " + list(record.constrains) + ", " + quoted(record.build) + ", " +
           std::to_string(record.build_number) + ", " + quoted(record.channel) + ", " +
           std::to_string(record.timestamp_ms) + ", " + quoted(record.track_features) + ", " +
           list(record.purls) + (record.subdir == "linux-64" ? "" : ", {}, {}, " + quoted(record.subdir)) +
           "},\n";
}

std::string code(const ToyRelease& release) {
    return "    {" + quoted(release.name) + ", " + quoted(release.version) + ", " +
           list(release.requires_dist) + ", " + list(release.extras) + ", " +
           quoted(release.requires_python) + ", " + (release.yanked ? "true" : "false") + ", " +
           list(release.tags) + ", " + std::to_string(release.uploaded_ms) + ", false, " +
           (release.page_states_python ? "true" : "false") +
           (release.more_of_others.empty() ? "" : ", " + list(release.more_of_others)) + "},\n";
}

std::string map_text(const World& world) {
    std::string json = "{";
    for (const auto& [conda, carried] : world.name_map)
        json += (json.size() == 1 ? "" : ", ") + quoted(conda) + ": " + list(carried);
    std::ranges::replace(json, '{', '[');
    std::ranges::replace(json, '}', ']');
    json.front() = '{';
    return json + "}";
}

}  // namespace

std::string channel_name(int channel) {
    return channel == 0 ? "first" : channel == 1 ? "second" : "third";
}

SolveOptions World::solve_options() const {
    SolveOptions made = options;
    if (cutoff != 0) made.exclude_newer_ms = cutoff * day_ms;
    return made;
}

ToyWorld World::toy(unsigned order_seed) const {
    ToyWorld made;
    made.exclude_newer_ms = cutoff * day_ms;
    made.order_seed = order_seed;
    made.channel_names.clear();
    for (int channel = 0; channel < channels; ++channel) made.channel_names.push_back(channel_name(channel));
    for (const PlainRecord& record : records) made.records.push_back(testing::toy(record));
    for (const PlainRelease& release : releases) made.releases.push_back(testing::toy(release));
    return made;
}

TargetRequest World::request() const {
    TargetRequest made = toy_request(texts(conda), texts(pypi));
    TargetRequest constraints = toy_request(texts(conda_constraints), texts(pypi_constraints));
    made.conda_constraints = std::move(constraints.conda);
    made.pypi_constraints = std::move(constraints.pypi);
    for (const PlainPreference& kept : preferred) {
        made.preferred.push_back({kept.conda ? PackageKind::conda : PackageKind::pypi, kept.name,
                                  kept.version.text(), kept.build});
    }
    made.raised = raised;
    if (cuda != 0) made.target.cuda = std::to_string(cuda) + ".0";
    made.target.cuda_mixed = cuda_mixed;
    if (base_python != 0) made.target.python = "3." + std::to_string(base_python) + ".1";
    return made;
}

NameMap World::names() const {
    auto parsed = NameMap::parse(map_text(*this), "map");
    EXPECT_TRUE(parsed.has_value()) << map_text(*this);
    return *std::move(parsed);
}

std::string World::as_code() const {
    static constexpr const char* priorities[]{"strict", "flexible", "disabled"};
    static constexpr const char* prereleases[]{"if_necessary", "allow", "disallow"};
    static constexpr const char* resolutions[]{"highest", "lowest", "lowest_direct"};
    const ToyWorld made = toy(0);
    std::string text = "world.channel_names = " + list(made.channel_names) + ";\nworld.records = {\n";
    for (const ToyRecord& record : made.records) text += code(record);
    text += "};\nworld.releases = {\n";
    for (const ToyRelease& release : made.releases) text += code(release);
    text += "};\nnames = *NameMap::parse(R\"(" + map_text(*this) + ")\", \"map\");\n";
    text += "auto request = toy_request(" + list(texts(conda)) + ", " + list(texts(pypi)) + ");\n";
    const auto priority = static_cast<std::size_t>(options.channel_priority);
    const auto prerelease = static_cast<std::size_t>(options.prerelease);
    const auto resolution = static_cast<std::size_t>(options.resolution);
    if (priority != 0) text += std::string("options.channel_priority = ") + priorities[priority] + ";\n";
    if (prerelease != 0) text += std::string("options.prerelease = ") + prereleases[prerelease] + ";\n";
    if (resolution != 0) text += std::string("options.resolution = ") + resolutions[resolution] + ";\n";
    if (cutoff != 0) {
        text += "options.exclude_newer_ms = " + std::to_string(cutoff * day_ms) +
                ";\nworld.exclude_newer_ms = " + std::to_string(cutoff * day_ms) + ";\n";
    }
    if (!options.inherit_bounds) text += "options.inherit_bounds = false;\n";
    if (options.window != 30) text += "options.window = " + std::to_string(options.window) + ";\n";
    if (!conda_constraints.empty() || !pypi_constraints.empty()) {
        text +=
            "constraints: " + list(texts(conda_constraints)) + ", " + list(texts(pypi_constraints)) + "\n";
    }
    if (cuda != 0) text += "request.target.cuda = \"" + std::to_string(cuda) + ".0\";\n";
    for (const PlainPreference& kept : preferred) {
        text += std::string("request.preferred.push_back({PackageKind::") + (kept.conda ? "conda" : "pypi") +
                ", " + quoted(kept.name) + ", " + quoted(kept.version.text()) + ", " + quoted(kept.build) +
                "});\n";
    }
    for (const std::string& name : raised) text += "request.raised.push_back(" + quoted(name) + ");\n";
    if (cuda_mixed) text += "request.target.cuda_mixed = true;\n";
    if (base_python != 0) text += "request.target.python = \"3." + std::to_string(base_python) + ".1\";\n";
    return text;
}

}  // namespace aimlock::testing
