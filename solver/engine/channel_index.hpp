#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "solver/model/repodata.hpp"

namespace aimlock::engine {

/// The records of one subdir by name, and what was made of its texts.
class ChannelIndex {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    ChannelIndex(const Repodata& repodata, std::uint32_t channel);

    [[nodiscard]] const Repodata& repodata() const { return *repodata_; }
    [[nodiscard]] std::uint32_t channel() const { return channel_; }  ///< position in the channel list
    /// Positions of a name's records, in the repodata's order.
    [[nodiscard]] std::span<const std::uint32_t> records_named(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> names() const;

    /// Ids that the world gave to texts of this subdir, so that each text is looked up once; `none`: not yet.
    std::vector<std::uint32_t> version_of_text;
    std::vector<std::uint32_t> spec_of_text;

private:
    const Repodata* repodata_;
    std::uint32_t channel_;
    std::vector<std::uint32_t> begin_of_;  // by TextId of the name: where its run in positions_ begins
    std::vector<std::uint32_t> positions_;
};

}  // namespace aimlock::engine
