#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "solver/model/repodata.hpp"

namespace aimlock::engine {

/// What was made of the texts and lists of one subdir, by their ids: each is looked at once, however many
/// records hold it. Nothing is read, and no table is larger than what was asked for.
class ChannelIndex {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    ChannelIndex(const Repodata& repodata, std::uint32_t channel) : repodata_(&repodata), channel_(channel) {}

    [[nodiscard]] const Repodata& repodata() const { return *repodata_; }
    [[nodiscard]] std::uint32_t channel() const { return channel_; }  ///< position in the channel list

    /// Ids that the world gave to a version, a spec, a list of specs (by its begin); `none`: not yet.
    std::uint32_t& version_of(TextId text) { return at(versions_, text.index, repodata_->texts.size()); }
    std::uint32_t& spec_of(TextId text) { return at(specs_, text.index, repodata_->texts.size()); }
    std::uint32_t& list_of(TextList list) { return at(lists_, list.begin, repodata_->lists.size()); }

private:
    static std::uint32_t& at(std::vector<std::uint32_t>& table, std::size_t id, std::size_t count) {
        if (id >= table.size()) table.resize(std::min(count, std::max(id + 1, 2 * table.size())), none);
        return table.at(id);
    }

    const Repodata* repodata_;
    std::uint32_t channel_;
    std::vector<std::uint32_t> versions_;
    std::vector<std::uint32_t> specs_;
    std::vector<std::uint32_t> lists_;
};

}  // namespace aimlock::engine
