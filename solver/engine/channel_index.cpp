#include "solver/engine/channel_index.hpp"

namespace aimlock::engine {

ChannelIndex::ChannelIndex(const Repodata& repodata, std::uint32_t channel)
    : version_of_text(repodata.texts.size(), none),
      spec_of_text(repodata.texts.size(), none),
      repodata_(&repodata),
      channel_(channel),
      begin_of_(repodata.texts.size() + 1, 0),
      positions_(repodata.records.size()) {
    // A counting sort: stable, and one pass over ids instead of a table of texts.
    for (const CondaRecord& record : repodata.records) ++begin_of_[record.name.index + 1];
    for (std::size_t i = 1; i < begin_of_.size(); ++i) begin_of_[i] += begin_of_[i - 1];
    std::vector<std::uint32_t> next(begin_of_.begin(), begin_of_.end() - 1);
    for (std::uint32_t i = 0; i < repodata.records.size(); ++i)
        positions_[next[repodata.records[i].name.index]++] = i;
}

std::span<const std::uint32_t> ChannelIndex::records_named(std::string_view name) const {
    const auto id = repodata_->texts.find(name);
    if (!id) return {};
    const std::uint32_t begin = begin_of_[id->index];
    return std::span<const std::uint32_t>(positions_).subspan(begin, begin_of_[id->index + 1] - begin);
}

std::vector<std::string_view> ChannelIndex::names() const {
    std::vector<std::string_view> names;
    for (std::uint32_t id = 0; id + 1 < begin_of_.size(); ++id) {
        if (begin_of_[id] != begin_of_[id + 1]) names.push_back(repodata_->texts[TextId{id}]);
    }
    return names;
}

}  // namespace aimlock::engine
