// Small worlds in which everything that the solver knows of happens often.
#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "tests/property/world.hpp"

namespace aimlock::testing {
namespace {

using Op = Bound::Op;

class Maker {
public:
    explicit Maker(unsigned seed) : random_(seed) {}

    World make() {
        choose_options();
        choose_pythons();
        for (int i = 0; i < conda_size_; ++i) add_records(conda_names[static_cast<std::size_t>(i)]);
        if (chance(3)) add_cuda_versions();
        for (int i = 0; i < pypi_size_; ++i) add_releases(pypi_names[static_cast<std::size_t>(i)]);
        choose_names();
        choose_roots();
        if (chance(6)) choose_preferred();
        if (chance(6)) choose_raised();
        return std::move(world_);
    }

private:
    static constexpr std::array<const char*, 4> conda_names{"a", "b", "c", "d"};
    static constexpr std::array<const char*, 6> pypi_names{"a", "b-dist", "p", "q", "r", "g-cu12"};

    // 0 … most - 1.
    int below(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most)); }
    bool chance(unsigned one_in) { return random_() % one_in == 0; }
    template <class T, std::size_t n>
    T one_of(const T (&choices)[n]) {
        return choices[random_() % n];
    }

    void choose_options() {
        world_.options.prerelease =
            one_of({PrereleaseMode::if_necessary, PrereleaseMode::if_necessary, PrereleaseMode::if_necessary,
                    PrereleaseMode::allow, PrereleaseMode::disallow});
        world_.options.channel_priority =
            one_of({ChannelPriority::strict, ChannelPriority::flexible, ChannelPriority::disabled});
        world_.options.resolution =
            one_of({ResolutionMode::highest, ResolutionMode::highest, ResolutionMode::highest,
                    ResolutionMode::highest, ResolutionMode::lowest, ResolutionMode::lowest_direct});
        world_.options.window = static_cast<std::size_t>(one_of({1, 1, 2, 3, 30}));
        world_.options.inherit_bounds = chance(3);
        world_.channels = one_of({1, 1, 1, 2, 2, 3});
        world_.cutoff = chance(6) ? 4 + below(14) : 0;
        world_.cuda = one_of({0, 0, 11, 12, 12, 13});
        world_.cuda_mixed = chance(10);
        conda_size_ = one_of({0, 1, 2, 3, 3, 4});
        pypi_size_ = one_of({0, 2, 3, 4, 5, 6});
    }

    // --- conda
    void choose_pythons() {
        struct Build {
            int minor;
            int patch;
            const char* build;
        };
        static constexpr std::array<Build, 6> builds{{{12, 1, "h0_cpython"},
                                                      {12, 4, "h0_cpython"},
                                                      {13, 1, "h0_cp313"},
                                                      {13, 1, "h0_cp313t"},
                                                      {14, 5, "h0_cp314"},
                                                      {14, 5, "h0_cp314t"}}};
        if (chance(8)) {
            world_.base_python = 12 + below(3);
            return;
        }
        for (const Build& build : builds) {
            if (!chance(2)) continue;
            PlainRecord record{"python", PlainVersion{build.minor, false, false, 0, build.patch}};
            record.build = build.build;
            if (chance(8)) record.depends.push_back(conda_need("b"));
            if (chance(8)) record.constrains.push_back(conda_need("c"));
            record.day = day();
            world_.records.push_back(record);
        }
    }

    void add_records(const std::string& name) {
        int date = day();
        for (int version = 1, last = 1 + below(4); version <= last; ++version) {
            date += chance(8) ? -1 : below(4);
            for (int build = 0; build <= (chance(4) ? 1 : 0); ++build) {
                PlainRecord record{name, PlainVersion{version}};
                record.version.odd = chance(20);
                record.version.prerelease = !record.version.odd && chance(12);
                record.build = std::to_string(build);
                record.build_number = build;
                record.channel = below(world_.channels);
                if (chance(4)) record.subdir = chance(4) ? "win-64" : "noarch";
                record.tracks = chance(8);
                record.day = std::max(date, 1) + build * below(3);
                if (chance(4)) record.depends.push_back(conda_need("python"));
                for (int i = 0; i < 4; ++i) {
                    const std::string other = conda_names[static_cast<std::size_t>(i)];
                    const unsigned rarely = i < conda_size_ ? 1 : 20;
                    if (chance((other == name ? 30 : 5) * rarely))
                        record.depends.push_back(conda_need(other));
                    if (other != name && chance(10)) record.constrains.push_back(conda_need(other));
                }
                if (chance(12)) record.depends.push_back({"__cuda"});
                if (chance(12)) record.constrains.push_back({"__cuda", {{Op::at_least, {12}}}});
                if (chance(12)) choose_purls(record);
                world_.records.push_back(std::move(record));
            }
        }
    }

    void choose_purls(PlainRecord& record) {
        record.purls.emplace();
        if (chance(2)) record.purls->emplace_back(one_of(pypi_names_), version());
        if (record.purls->empty() && chance(2)) record.purls->emplace_back("p", version());
    }

    void add_cuda_versions() {
        for (const int major : {11, 12, 13}) {
            PlainRecord record{"cuda-version", PlainVersion{major}};
            record.constrains.push_back({"__cuda", {{Op::at_least, {major}}}});
            record.day = day();
            world_.records.push_back(record);
        }
        for (PlainRecord& record : world_.records) {
            if (record.name != "cuda-version" && chance(6)) {
                record.depends.push_back({"cuda-version", {{Op::series, {11 + below(3)}}}});
            }
        }
    }

    // A distribution in a conda package: of its own name, of another, two of them, or none.
    void choose_names() {
        for (const PlainRecord& record : world_.records) {
            auto [entry, is_new] = world_.name_map.try_emplace(record.name);
            if (!is_new || record.name == "python" || record.name == "cuda-version") continue;
            const std::string own = record.name == "b" ? "b-dist" : record.name;
            const int kind = below(8);
            if (kind < 4) entry->second = {own};
            if (kind == 4) entry->second = {"a", "b-dist"};
            if (kind == 5) entry->second = {"a"};
            if (kind == 6) entry->second = {own, one_of(pypi_names_)};
        }
    }

    CondaNeed conda_need(const std::string& name) {
        CondaNeed need{name};
        if (name == "python") {
            const PlainVersion bound{12 + below(3), false, false, 0, 0};
            need.bounds.push_back({one_of({Op::at_least, Op::below, Op::series}), bound});
            if (chance(6)) need.build_end = one_of({"_cpython", "_cp313", "_cp313t", "_cp314t"});
            return need;
        }
        if (!chance(3)) return need;
        need.bounds.push_back({one_of({Op::at_least, Op::at_least, Op::below, Op::equal, Op::series,
                                       Op::not_equal, Op::above, Op::at_most}),
                               PlainVersion{1 + below(3)}});
        if (chance(8)) need.bounds.push_back({Op::at_least, PlainVersion{1 + below(2)}});
        if (chance(15)) need.build_end = one_of({"0", "1"});
        return need;
    }

    // --- PyPI
    void add_releases(const std::string& name) {
        if (chance(20)) return;
        int date = day();
        for (int version = 1 + below(2), last = 1 + below(5); version <= last; ++version) {
            date += chance(8) ? -1 : below(4);
            PlainRelease release{name, PlainVersion{version}};
            release.version.prerelease = chance(8);
            if (chance(14)) release.version.cuda = one_of({118, 126, 130});
            release.day = chance(25) ? 0 : std::max(date, 1);
            release.yanked = chance(10);
            release.broken = chance(30);
            release.page_states_python = !chance(4);
            if (chance(3)) {
                release.python =
                    Bound{one_of({Op::at_least, Op::below}), PlainVersion{13 + below(2), false, false, 0, 0}};
            }
            choose_tags(release);
            if (!chance(4)) release.extras.emplace_back("x");
            if (chance(3)) release.extras.emplace_back("y");
            for (int i = 0; i < 6; ++i) {
                const std::string other = pypi_names[static_cast<std::size_t>(i)];
                const unsigned rarely = i < pypi_size_ ? 1 : 20;
                if (other != name && chance(4 * rarely)) release.needs.push_back(pypi_need(other));
            }
            if (release.tags.size() > 1 && chance(4)) {  // its wheels ask for different things
                PypiNeed more = pypi_need(pypi_names[static_cast<std::size_t>(below(6))]);
                more.marker = {};
                if (more.name != name) release.more_of_others.push_back(std::move(more));
            }
            if (chance(8)) {  // an extra that asks for another extra of its own project
                release.needs.push_back({name, {"y"}, {}, {{{Condition::Kind::extra, 12, "x"}}}});
            }
            world_.releases.push_back(std::move(release));
        }
    }

    void choose_tags(PlainRelease& release) {
        if (!chance(3)) return;
        using Kind = PlainTag::Kind;
        release.tags.clear();
        for (int i = 0; i <= below(3); ++i) {
            release.tags.push_back({one_of({Kind::any, Kind::minor, Kind::minor, Kind::free_threaded,
                                            Kind::abi3, Kind::windows, Kind::newer_glibc}),
                                    12 + below(3)});
            // One file has one name.
            for (std::size_t other = 0; other + 1 < release.tags.size(); ++other) {
                if (release.tags[other].text() != release.tags.back().text()) continue;
                release.tags.pop_back();
                break;
            }
        }
    }

    PypiNeed pypi_need(const std::string& name) {
        PypiNeed need{name};
        if (chance(5)) need.extras.emplace_back(chance(4) ? "nowhere" : chance(2) ? "x" : "y");
        if (chance(15)) need.extras = {"x", "y"};
        if (chance(3)) need.bounds.push_back(pypi_bound());
        if (chance(10)) need.bounds.push_back(pypi_bound());
        if (chance(3)) choose_marker(need.marker);
        return need;
    }

    Bound pypi_bound() {
        Bound bound{one_of({Op::at_least, Op::at_least, Op::below, Op::equal, Op::not_equal, Op::above,
                            Op::at_most, Op::series}),
                    PlainVersion{1 + below(4)}};
        bound.version.prerelease = bound.op != Op::series && chance(8);
        if (bound.op == Op::equal && chance(6)) bound.version.cuda = one_of({118, 126});
        return bound;
    }

    void choose_marker(PlainMarker& marker) {
        using Kind = Condition::Kind;
        marker.either = chance(4);
        for (int i = 0; i <= (chance(3) ? 1 : 0); ++i) {
            marker.conditions.push_back(
                {one_of({Kind::extra, Kind::extra, Kind::extra, Kind::python_below, Kind::python_from,
                         Kind::full_below, Kind::linux, Kind::windows}),
                 12 + below(3), chance(2) ? "x" : "y"});
        }
    }

    // --- the request
    void choose_roots() {
        const bool has_python = std::ranges::any_of(
            world_.records, [](const PlainRecord& record) { return record.name == "python"; });
        if (has_python && chance(2)) {
            world_.conda.push_back({"python"});
            if (chance(2)) world_.conda.back() = conda_need("python");
        }
        for (int i = 0; i < 4; ++i) {
            const std::string name = conda_names[static_cast<std::size_t>(i)];
            if (chance(i < conda_size_ ? 3 : 60)) world_.conda.push_back(conda_need(name));
            if (chance(25)) world_.conda_constraints.push_back(conda_need(name));
        }
        if (!world_.conda.empty() && world_.channels > 1 && chance(6))
            world_.conda.back().channel = channel_name(below(world_.channels));
        if (!has_python && world_.base_python == 0) return;
        for (int i = 0; i < 6; ++i) {
            const std::string name = pypi_names[static_cast<std::size_t>(i)];
            if (chance(i < pypi_size_ ? 2 : 60)) world_.pypi.push_back(root_need(name));
            if (chance(25)) world_.pypi_constraints.push_back({name, {}, {pypi_bound()}});
        }
        if (!world_.pypi.empty() && chance(10)) world_.pypi.push_back(root_need(world_.pypi[0].name));
    }

    // As if a lock held some of the versions.
    void choose_preferred() {
        std::map<std::pair<bool, std::string>, PlainPreference> kept;
        for (const PlainRecord& record : world_.records) {
            if (chance(3))
                kept[{true, record.name}] = {true, record.name, record.version,
                                             chance(2) ? record.build : ""};
        }
        for (const PlainRelease& release : world_.releases) {
            if (chance(3)) kept[{false, release.name}] = {false, release.name, release.version};
        }
        for (const auto& [name, preference] : kept) world_.preferred.push_back(preference);
    }

    // As if `update` named some of the direct requirements; names that one world alone has are no riddle.
    void choose_raised() {
        const auto has_release = [&](const std::string& name) {
            return std::ranges::any_of(world_.releases, [&](const auto& r) { return r.name == name; });
        };
        const auto has_record = [&](const std::string& name) {
            return std::ranges::any_of(world_.records, [&](const PlainRecord& record) {
                const auto& names = world_.name_map[record.name];
                return record.name == name || record.purls || std::ranges::find(names, name) != names.end();
            });
        };
        for (const CondaNeed& root : world_.conda) {
            if (root.name != "python" && !has_release(root.name) && chance(2))
                world_.raised.push_back(root.name);
        }
        for (const PypiNeed& root : world_.pypi) {
            if (!has_record(root.name) && chance(2)) world_.raised.push_back(root.name);
        }
        std::ranges::reverse(world_.raised);  // another order than the manifest's
        std::erase_if(world_.preferred, [&](const PlainPreference& kept) {
            return std::ranges::find(world_.raised, kept.name) != world_.raised.end();
        });
    }

    PypiNeed root_need(const std::string& name) {
        PypiNeed need = pypi_need(name);
        if (!chance(6)) need.marker = {};
        return need;
    }

    PlainVersion version() { return PlainVersion{1 + below(4)}; }
    int day() { return 1 + below(12); }

    std::mt19937 random_;
    World world_;
    int conda_size_ = 0;
    int pypi_size_ = 0;
    const char* pypi_names_[6]{"a", "b-dist", "p", "q", "r", "d"};
};

}  // namespace

World random_world(unsigned seed) {
    return Maker(seed).make();
}

}  // namespace aimlock::testing
