#include "solver/engine/pythons.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace aimlock::engine {
namespace {

// Newest patch releases as of 2026-11: what `--python 3.12` means in markers and requires-python.
constexpr std::array<std::pair<unsigned, unsigned>, 9> newest_patch{
    {{6, 15}, {7, 17}, {8, 20}, {9, 25}, {10, 20}, {11, 15}, {12, 13}, {13, 14}, {14, 6}}};

void add(Pythons& pythons,
         std::map<std::pair<unsigned, bool>, std::size_t>& tag_sets,
         const Target& target,
         PythonCandidate candidate) {
    const auto [entry, is_new] =
        tag_sets.try_emplace({candidate.minor, candidate.free_threaded}, pythons.tag_sets.size());
    if (is_new) {
        pythons.tag_sets.emplace_back(target.tag_platform(candidate.minor, candidate.free_threaded));
    }
    candidate.tag_set = entry->second;
    candidate.markers = target.markers(candidate.full_version);
    pythons.all.set(pythons.candidates.size());
    pythons.candidates.push_back(std::move(candidate));
}

}  // namespace

std::optional<std::pair<unsigned, bool>> python_abi_of(std::string_view version, std::string_view build) {
    if (!version.starts_with("3.") || build.find("pypy") != std::string_view::npos) return std::nullopt;
    unsigned minor = 0;
    const char* end = version.data() + version.size();
    if (std::from_chars(version.data() + 2, end, minor).ec != std::errc{}) return std::nullopt;
    const bool free_threaded = build.ends_with("cp3" + std::to_string(minor) + "t");
    return std::pair(minor, free_threaded);
}

Pythons Pythons::of_conda(const CondaWorld& world,
                          const std::vector<RecordId>& records,
                          const Target& target) {
    Pythons pythons;
    pythons.from_conda = true;
    std::map<std::pair<unsigned, bool>, std::size_t> tag_sets;
    std::map<std::pair<std::string, bool>, std::size_t> known;
    for (const RecordId id : records) {
        if (world.name_of(id) != "python" || world[id].record == nullptr) continue;
        const std::string& text = world.version_of(id).text();
        const auto abi = python_abi_of(text, world[id].build);
        auto version = Pep440Version::parse(text);
        if (!abi || !version) continue;
        const auto found = known.find({text, abi->second});
        if (found != known.end()) {
            pythons.candidates[found->second].records.push_back(id);
            continue;
        }
        if (pythons.candidates.size() == max_pythons) continue;
        known.emplace(std::pair(text, abi->second), pythons.candidates.size());
        PythonCandidate candidate;
        candidate.minor = abi->first;
        candidate.free_threaded = abi->second;
        candidate.full_version = text;
        candidate.version = *std::move(version);
        candidate.records = {id};
        add(pythons, tag_sets, target, std::move(candidate));
    }
    return pythons;
}

std::optional<Pythons> Pythons::of_base_image(const std::string& version, const Target& target) {
    std::string full = version;
    const auto abi = python_abi_of(version, {});
    if (!abi) return std::nullopt;
    if (std::ranges::count(version, '.') == 1) {
        const auto known = std::ranges::find(newest_patch, abi->first, &std::pair<unsigned, unsigned>::first);
        full += "." + std::to_string(known == newest_patch.end() ? 0 : known->second);
    }
    auto parsed = Pep440Version::parse(full);
    if (!parsed) return std::nullopt;
    Pythons pythons;
    std::map<std::pair<unsigned, bool>, std::size_t> tag_sets;
    PythonCandidate candidate;
    candidate.minor = abi->first;
    candidate.full_version = full;
    candidate.version = *std::move(parsed);
    add(pythons, tag_sets, target, std::move(candidate));
    return pythons;
}

}  // namespace aimlock::engine
