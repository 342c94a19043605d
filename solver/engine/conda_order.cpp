// Which of a name's records is to be preferred. The order is conda's and rattler's: no track_features,
// version, build number, timestamp; and, as both of them do, of builds that these do not tell apart the one
// that goes with newer dependencies comes before the one that happened to be built last: numpy for
// Python 3.14, not for 3.13, whatever the build farm finished first.
#include <algorithm>
#include <tuple>

#include "solver/engine/conda_world.hpp"

namespace aimlock::engine {
namespace {

/// What is compared before dependencies are, as numbers: the smaller, the better.
struct Place {
    std::uint64_t before_builds = 0;
    std::uint64_t number = 0;  ///< build number, turned round
    RecordId id = 0;

    [[nodiscard]] bool ties_with(const Place& other) const {
        return before_builds == other.before_builds && number == other.number;
    }
    friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace

// Channel, track_features and version as one number: the smaller, the better.
std::uint64_t CondaWorld::place_before_builds(RecordId id, bool lowest) const {
    const WorldRecord& record = records_[id];
    const bool by_channel = options_.channel_priority != ChannelPriority::disabled;
    const std::uint64_t channel = by_channel ? record.channel : 0;
    const std::uint32_t version = lowest ? record.rank : ~record.rank;
    return (channel << 33U) | (std::uint64_t{record.tracks_features} << 32U) | version;
}

// The candidate with the newest version, of those without track_features where there are any.
std::optional<RecordId> CondaWorld::best_candidate(SpecId spec) {
    if (specs_[spec].best) return specs_[spec].best;
    std::optional<RecordId> best;
    for (const RecordId id : candidates(spec)) {
        if (!best || compare_before_builds(id, *best, false) < 0) best = id;
    }
    return specs_[spec].best = best;
}

// How well each list of dependencies does on the names that all of them hold: the sum over those names of how
// many distinct versions below its own there are among them.
std::vector<std::uint32_t> CondaWorld::list_scores(const std::vector<std::span<const SpecId>>& lists) {
    offers_.clear();
    for (std::uint32_t list = 0; list < lists.size(); ++list) {
        const std::size_t begin = offers_.size();
        for (const SpecId spec : lists[list]) {
            const auto best = best_candidate(spec);
            if (!best) continue;
            const WorldRecord& record = records_[*best];
            const std::uint64_t version = record.rank;
            offers_.push_back(
                {specs_[spec].name, version | (std::uint64_t{!record.tracks_features} << 32U), list});
        }
        // The first spec on a name speaks for it.
        const auto own = offers_.begin() + static_cast<std::ptrdiff_t>(begin);
        std::stable_sort(own, offers_.end(), [](const Offer& a, const Offer& b) { return a.name < b.name; });
        const auto same_name = [](const Offer& a, const Offer& b) { return a.name == b.name; };
        offers_.erase(std::unique(own, offers_.end(), same_name), offers_.end());
    }
    std::ranges::sort(offers_, {}, [](const Offer& offer) { return std::pair(offer.name, offer.best); });
    std::vector<std::uint32_t> scores(lists.size(), 0);
    for (std::size_t begin = 0, end = 0; begin < offers_.size(); begin = end) {
        while (end < offers_.size() && offers_[end].name == offers_[begin].name) ++end;
        if (end - begin != lists.size()) continue;
        std::uint32_t level = 0;
        for (std::size_t i = begin; i < end; ++i) {
            if (i != begin && offers_[i].best != offers_[i - 1].best) ++level;
            scores[offers_[i].list] += level;
        }
    }
    return scores;
}

// Sorts records that nothing else tells apart.
void CondaWorld::sort_by_dependencies(std::span<RecordId> group) {
    std::vector<std::span<const SpecId>> lists;  // each once
    std::vector<std::uint32_t> list_of;
    for (const RecordId id : group) {
        const std::span<const SpecId> depends = records_[id].depends;
        const auto same = [&](const std::span<const SpecId>& other) {
            return other.data() == depends.data() && other.size() == depends.size();
        };
        const auto found = std::ranges::find_if(lists, same);
        list_of.push_back(static_cast<std::uint32_t>(found - lists.begin()));
        if (found == lists.end()) lists.push_back(depends);
    }
    std::vector<std::uint32_t> scores(lists.size(), 0);
    if (lists.size() > 1) scores = list_scores(lists);
    struct Ranked {
        std::uint32_t score;
        std::uint64_t time;
        RecordId id;
    };
    std::vector<Ranked> ranked;
    for (std::size_t i = 0; i < group.size(); ++i)
        ranked.push_back({scores[list_of[i]], records_[group[i]].record->timestamp_ms, group[i]});
    const auto last_resort = [&](RecordId id) {
        const WorldRecord& record = records_[id];
        return std::tuple(record.channel, record.repodata->text(record.record->file_name));
    };
    std::ranges::sort(ranked, [&](const Ranked& a, const Ranked& b) {
        if (a.score != b.score) return a.score > b.score;
        if (a.time != b.time) return a.time > b.time;
        return last_resort(a.id) < last_resort(b.id);
    });
    for (std::size_t i = 0; i < group.size(); ++i) group[i] = ranked[i].id;
}

void CondaWorld::sort_best_first(std::span<RecordId> records, bool lowest) {
    std::vector<Place> places;
    places.reserve(records.size());
    for (const RecordId id : records) {
        const std::uint64_t number = records_[id].record == nullptr ? id : ~records_[id].build_number;
        places.push_back({place_before_builds(id, lowest), number, id});
    }
    std::ranges::sort(places);
    for (std::size_t i = 0; i < records.size(); ++i) records[i] = places[i].id;
    for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
        end = begin + 1;
        while (end < records.size() && places[begin].ties_with(places[end])) ++end;
        if (end - begin > 1) sort_by_dependencies(records.subspan(begin, end - begin));
    }
}

}  // namespace aimlock::engine
