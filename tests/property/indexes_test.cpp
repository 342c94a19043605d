// Random small worlds whose wheels lie in two index folders, read as a user's indexes are: the first index
// that has a project wins, a package may name another one, and a cut-off hides what is too new. The solver
// must say what it says of the same wheels in one index that holds nothing else. AIMLOCK_WORLDS_SEED=FIRST
// chooses other worlds.
#include <cstdlib>
#include <random>

#include <gmock/gmock.h>

#include "fetch/live_metadata.hpp"
#include "fetch/session.hpp"
#include "solver/base/digest.hpp"
#include "solver/engine/solve.hpp"
#include "tests/property/world.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock::testing {
namespace {

constexpr int worlds = 300;
constexpr int indexes = 2;

std::string date_of(int day) {  // days since 1970 began; a world ends before March
    const int month = day < 31 ? 1 : 2;
    const int date = day < 31 ? day + 1 : day - 30;
    return "1970-0" + std::to_string(month) + "-" + (date < 10 ? "0" : "") + std::to_string(date) +
           "T00:00:00Z";
}

std::string document_of(const ToyRelease& release, const std::string& tag) {
    std::string text =
        "Metadata-Version: 2.1\nName: " + release.name + "\nVersion: " + release.version + "\n";
    if (!release.requires_python.empty()) text += "Requires-Python: " + release.requires_python + "\n";
    for (const std::string& line : release.requires_dist) text += "Requires-Dist: " + line + "\n";
    if (tag != release.tags.front()) {
        for (const std::string& line : release.more_of_others) text += "Requires-Dist: " + line + "\n";
    }
    for (const std::string& extra : release.extras) text += "Provides-Extra: " + extra + "\n";
    return text;
}

/// Which index each release lies in, and from which one a project is asked for by name.
struct Places {
    std::vector<int> index_of;
    std::map<std::string, int> pins;
};

Places random_places(const World& world, unsigned seed) {
    std::mt19937 random(seed);
    Places places;
    for (const PlainRelease& release : world.releases) {
        places.index_of.push_back(static_cast<int>(random() % indexes));
        if (random() % 8 == 0) places.pins[release.name] = static_cast<int>(random() % indexes);
    }
    return places;
}

/// The world with what its indexes let be seen.
World seen(World world, const Places& places) {
    std::map<std::string, int> chosen = places.pins;
    for (int index = 0; index < indexes; ++index) {
        for (std::size_t i = 0; i < world.releases.size(); ++i) {
            if (places.index_of[i] == index) chosen.try_emplace(world.releases[i].name, index);
        }
    }
    std::vector<PlainRelease> left;
    for (std::size_t i = 0; i < world.releases.size(); ++i) {
        if (chosen.at(world.releases[i].name) == places.index_of[i]) left.push_back(world.releases[i]);
    }
    world.releases = std::move(left);
    return world;
}

void write_indexes(const World& world, const Places& places, const TempDir& folder) {
    const ToyWorld toy = world.toy(0);
    std::map<std::pair<int, std::string>, std::string> pages;
    for (std::size_t i = 0; i < toy.releases.size(); ++i) {
        const ToyRelease& release = toy.releases[i];
        for (const std::string& tag : release.tags) {
            const std::string url = ToyWorld::url_of(release, tag);
            const std::string file = url.substr(url.rfind('/') + 1);
            std::string& files = pages[{places.index_of[i], release.name}];
            files += (files.empty() ? "" : ",") + (R"({"filename":")" + file) + R"(","url":"../../files/)" +
                     file + R"(","hashes":{"sha256":")" + sha256_of(file).hex() +
                     R"("},"core-metadata":true)";
            if (!release.requires_python.empty() && release.page_states_python)
                files += R"(,"requires-python":")" + release.requires_python + "\"";
            if (release.yanked) files += R"(,"yanked":true)";
            const int day = world.releases[i].day;
            if (day != 0) files += R"(,"upload-time":")" + date_of(day) + "\"";
            files += "}";
            folder.write("i" + std::to_string(places.index_of[i]) + "/files/" + file + ".metadata",
                         document_of(release, tag));
        }
    }
    for (int index = 0; index < indexes; ++index)
        folder.write("i" + std::to_string(index) + "/simple/README", "an index may be empty\n");
    for (const auto& [where, files] : pages) {
        folder.write(
            "i" + std::to_string(where.first) + "/simple/" + where.second + "/index.json",
            R"({"meta":{"api-version":"1.1"},"name":")" + where.second + R"(","files":[)" + files + "]}");
    }
}

Result<Outcome> solve(const World& world, MetadataSource& source) {
    SilentProgress progress;
    const std::vector<Channel> channels = world.toy(0).channels();
    return solve_target(world.request(), world.solve_options(), channels, world.names(), source, progress);
}

std::vector<std::string> lines_of(const Result<Outcome>& outcome) {
    if (!outcome) return {"error: " + outcome.error().message};
    if (const auto* conflict = std::get_if<Conflict>(&*outcome)) {
        std::vector<std::string> lines{"no solution"};
        lines.insert(lines.end(), conflict->requirements.begin(), conflict->requirements.end());
        for (const Repair& repair : conflict->repairs) lines.push_back(repair.change);
        return lines;
    }
    std::vector<std::string> lines;
    for (const Package& package : std::get<Solution>(*outcome).packages) {
        std::string line = package.name + " " + package.version + " " + package.build;
        for (const std::string& extra : package.extras) line += " [" + extra + "]";
        for (const std::string& needed : package.depends) line += "; " + needed;
        lines.push_back(std::move(line));
    }
    return lines;
}

TEST(RandomIndexes, AreReadAsTheWheelsThatTheyLetBeSeen) {
    int solved = 0;
    int refused = 0;
    const char* asked_for = std::getenv("AIMLOCK_WORLDS_SEED");
    const unsigned first =
        asked_for != nullptr ? static_cast<unsigned>(std::strtoul(asked_for, nullptr, 10)) : 1;
    for (unsigned seed = first; seed < first + worlds; ++seed) {
        const World world = random_world(seed);
        if (world.pypi.empty() || world.releases.empty()) continue;
        const Places places = random_places(world, seed);
        const TempDir folder;
        write_indexes(world, places, folder);
        const auto address = [&](int index) {
            return (folder.path() / ("i" + std::to_string(index)) / "simple").string();
        };
        FetchOptions options;
        options.cache_dir = folder.path() / "cache";
        options.offline = true;
        SilentLog log;
        FetchSession session(options, log);
        LiveMetadataOptions asked;
        for (int index = 0; index < indexes; ++index) asked.indexes.push_back(address(index));
        for (const auto& [name, index] : places.pins) asked.pins.emplace(name, address(index));
        asked.keep = wheel_filter({world.request()}, world.toy(0).channels());
        asked.exclude_newer_ms = world.solve_options().exclude_newer_ms;
        LiveMetadata live(session, asked);
        const Result<Outcome> found = solve(world, live);

        const World expected = seen(world, places);
        ToyWorld toy = expected.toy(1);
        toy.on_pages = wheel_filter({world.request()}, toy.channels());
        EXPECT_EQ(lines_of(found), lines_of(solve(expected, toy))) << "world " << seed << "\n"
                                                                   << expected.as_code();
        if (found) ++(std::holds_alternative<Solution>(*found) ? solved : refused);
    }
    EXPECT_GT(solved, worlds / 12);
    EXPECT_GT(refused, worlds / 12);
}

}  // namespace
}  // namespace aimlock::testing
