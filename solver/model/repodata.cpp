#include "solver/model/repodata.hpp"

#include <algorithm>

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

void Repodata::sort_by_name() {
    std::ranges::stable_sort(records.own(), {}, &CondaRecord::name);
    for (std::uint32_t i = 0; i < records.size(); ++i) {
        if (names.empty() || names.own().back().name != records[i].name)
            names.push_back({records[i].name, i, 0});
        ++names.own().back().size;
    }
}

}  // namespace aimlock
