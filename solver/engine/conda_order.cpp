// Which of a name's records is to be preferred. The order is conda's and rattler's: no track_features,
// version, build number, timestamp; and, as both of them do, of builds that these do not tell apart the one
// that goes with newer dependencies comes before the one that happened to be built last: numpy for
// Python 3.14, not for 3.13, whatever the build farm finished first.
#include <algorithm>
#include <map>
#include <tuple>

#include "solver/engine/conda_world.hpp"

namespace aimlock::engine {

bool CondaWorld::tracks_features(RecordId id) const {
    return records_[id].record != nullptr && records_[id].record->track_features.index != 0;
}

std::strong_ordering CondaWorld::compare_before_builds(RecordId a, RecordId b, bool lowest) const {
    const WorldRecord& x = records_[a];
    const WorldRecord& y = records_[b];
    if (options_.channel_priority != ChannelPriority::disabled && x.channel != y.channel)
        return x.channel <=> y.channel;
    if (tracks_features(a) != tracks_features(b)) return tracks_features(a) <=> tracks_features(b);
    if (x.version != y.version) {
        const auto order = versions_[x.version].key() <=> versions_[y.version].key();
        if (order != 0) return lowest ? order : 0 <=> order;
    }
    return std::strong_ordering::equal;
}

std::strong_ordering CondaWorld::compare_before_dependencies(RecordId a, RecordId b, bool lowest) const {
    if (const auto order = compare_before_builds(a, b, lowest); order != 0) return order;
    const WorldRecord& x = records_[a];
    const WorldRecord& y = records_[b];
    if (x.record == nullptr || y.record == nullptr) return a <=> b;
    return y.record->build_number <=> x.record->build_number;
}

// The candidate with the newest version, of those without track_features where there are any.
std::optional<RecordId> CondaWorld::best_candidate(SpecId spec) {
    if (specs_[spec].best) return specs_[spec].best;
    for (const RecordId id : candidates(spec)) {
        std::optional<RecordId>& best = specs_[spec].best;
        if (!best || compare_before_dependencies(id, *best, false) < 0) best = id;
    }
    return specs_[spec].best;
}

// How well each record of a group does on the names that all of the group depend on: the sum over those names
// of how many distinct versions below its own the group offers.
std::vector<std::uint32_t> CondaWorld::dependency_scores(std::span<const RecordId> group) {
    struct Offer {
        std::size_t member;
        bool tracks;
        std::string_view key;
    };
    std::map<std::string_view, std::vector<Offer>> offers;
    for (std::size_t member = 0; member < group.size(); ++member) {
        for (const SpecId spec : records_[group[member]].depends) {
            auto& of_name = offers[specs_[spec].spec.name];
            const auto best = best_candidate(spec);
            if (!best || (!of_name.empty() && of_name.back().member == member)) continue;
            of_name.push_back({member, tracks_features(*best), versions_[records_[*best].version].key()});
        }
    }
    std::vector<std::uint32_t> scores(group.size(), 0);
    for (auto& [name, of_name] : offers) {
        if (of_name.size() != group.size()) continue;
        const auto rank = [](const Offer& offer) { return std::pair(!offer.tracks, offer.key); };
        std::ranges::sort(of_name, {}, rank);
        std::uint32_t level = 0;
        for (std::size_t i = 0; i < of_name.size(); ++i) {
            if (i != 0 && rank(of_name[i]) != rank(of_name[i - 1])) ++level;
            scores[of_name[i].member] += level;
        }
    }
    return scores;
}

void CondaWorld::sort_best_first(std::span<RecordId> records, bool lowest) {
    std::ranges::sort(records, [&](RecordId a, RecordId b) {
        const auto order = compare_before_dependencies(a, b, lowest);
        return order != 0 ? order < 0 : a < b;
    });
    const auto last_resort = [&](RecordId id) {
        const WorldRecord& record = records_[id];
        return std::tuple(~record.record->timestamp_ms, record.channel,
                          record.repodata->text(record.record->file_name));
    };
    for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
        end = begin + 1;
        while (end < records.size() && compare_before_dependencies(records[begin], records[end], lowest) == 0)
            ++end;
        if (end - begin < 2) continue;
        const std::span<RecordId> group = records.subspan(begin, end - begin);
        const std::vector<std::uint32_t> scores = dependency_scores(group);
        std::vector<std::pair<std::uint32_t, RecordId>> ranked;
        for (std::size_t i = 0; i < group.size(); ++i) ranked.emplace_back(scores[i], group[i]);
        std::ranges::sort(ranked, [&](const auto& a, const auto& b) {
            if (a.first != b.first) return a.first > b.first;
            return last_resort(a.second) < last_resort(b.second);
        });
        for (std::size_t i = 0; i < group.size(); ++i) group[i] = ranked[i].second;
    }
}

}  // namespace aimlock::engine
