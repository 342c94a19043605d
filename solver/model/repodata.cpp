#include "solver/model/repodata.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace aimlock {

NameRun Repodata::run_of(std::string_view name) const {
    const std::span<const NameRun> all = names.all();
    // A shard has one name, and a sharded channel hundreds of shards: no table is asked for the others.
    if (all.empty() || (all.size() == 1 && text(all.front().name) != name)) return {};
    const auto id = texts.find(name);
    if (!id) return {};
    const auto found = std::ranges::lower_bound(all, *id, {}, &NameRun::name);
    if (found == all.end() || found->name != *id) return {};
    // The table may come from a file.
    if (found->begin > records.size() || found->size > records.size() - found->begin) return {};
    return *found;
}

namespace {

/// Sorts by the id of the name, stably. Counted and moved in place: a million records are 160 MB.
void bring_names_together(std::vector<CondaRecord>& records) {
    std::uint32_t names = 0;
    for (const CondaRecord& record : records) names = std::max(names, record.name.index + 1);
    std::vector<std::uint32_t> next(names + 1, 0);
    for (const CondaRecord& record : records) ++next[record.name.index + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<std::uint32_t> place(records.size());
    for (std::uint32_t i = 0; i < records.size(); ++i) place[i] = next[records[i].name.index]++;
    for (std::uint32_t i = 0; i < records.size(); ++i) {
        while (place[i] != i) {
            const std::uint32_t to = place[i];
            std::swap(records[i], records[to]);
            std::swap(place[i], place[to]);
        }
    }
}

}  // namespace

void Repodata::sort_by_name() {
    if (!std::ranges::is_sorted(records.own(), {}, &CondaRecord::name)) bring_names_together(records.own());
    for (std::uint32_t i = 0; i < records.size(); ++i) {
        if (names.empty() || names.own().back().name != records[i].name)
            names.push_back({records[i].name, i, 0});
        ++names.own().back().size;
    }
}

}  // namespace aimlock
