#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/model/repodata.hpp"

namespace aimlock {

/// Channels and which of them come before which (CEP 42). The channels of the request come first and keep
/// their order, whatever channels say of each other; the others are placed next to who brought them.
class ChannelOrder {
public:
    /// Chains of channels that bring each other are followed this far.
    static constexpr unsigned most_depth = 10;

    /// Adds a channel of the request, or the first time that one is named, one that another brings.
    std::size_t add_head(std::string url);
    /// The URLs that the relations of `channel` name, told once; each is a channel from now on. Fails with
    /// code `repodata` on a reference that is not relative, on a base that is overridden too, and beyond the
    /// greatest depth.
    Result<std::vector<std::size_t>> relate(std::size_t channel, const ChannelRelations& relations);

    [[nodiscard]] const std::string& url(std::size_t channel) const { return channels_[channel].url; }
    [[nodiscard]] std::size_t size() const { return channels_.size(); }
    [[nodiscard]] bool is_head(std::size_t channel) const { return channel < heads_; }
    /// Who brought a channel that is no head: one of them, the same always.
    [[nodiscard]] std::size_t brought_by(std::size_t channel) const;
    /// All channels, first wins. Fails with code `repodata` on a cycle, whose channels it names.
    [[nodiscard]] Result<std::vector<std::size_t>> sorted() const;

private:
    struct Node {
        std::string url;
        unsigned depth = 0;
    };
    class Sorting;
    Result<std::size_t> named(std::size_t channel, const std::string& reference);

    std::vector<Node> channels_;
    std::size_t heads_ = 0;
    std::set<std::pair<std::size_t, std::size_t>> edges_;  // (before, after), as channels say
};

}  // namespace aimlock
