#include "fetch/conda/channel_order.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "fetch/url.hpp"

namespace aimlock {

std::size_t ChannelOrder::add_head(std::string url) {
    channels_.push_back({std::move(url), 0});
    return heads_++;
}

Result<std::size_t> ChannelOrder::named(std::size_t channel, const std::string& reference) {
    const std::string& own = channels_[channel].url;
    if (reference != ".." && !reference.starts_with("../")) {
        return fail(ErrorCode::repodata,
                    fmt::format("channel {}: `channel_relations` names `{}`, which does not begin with `../`",
                                shown_url(own), shown_url(reference)),
                    "Ask the owner of the channel to name it so");
    }
    std::string url = without_credentials(join_url(own + "/", reference));
    while (url.ends_with('/')) url.pop_back();
    const auto known = std::ranges::find(channels_, url, &Node::url);
    const unsigned depth = channels_[channel].depth + 1;
    if (known != channels_.end()) {
        known->depth = std::min(known->depth, depth);
        return static_cast<std::size_t>(known - channels_.begin());
    }
    if (depth > most_depth) {
        return fail(
            ErrorCode::repodata,
            fmt::format("channel {}: channels bring each other {} deep, and more than that is not followed",
                        shown_url(own), most_depth),
            "Name the channels that are meant in the request");
    }
    channels_.push_back({std::move(url), depth});
    return channels_.size() - 1;
}

Result<std::vector<std::size_t>> ChannelOrder::relate(std::size_t channel,
                                                      const ChannelRelations& relations) {
    std::vector<std::size_t> brought;
    std::optional<std::size_t> base;
    const std::size_t known = channels_.size();
    for (const bool is_base : {true, false}) {
        const std::string& reference = is_base ? relations.base : relations.overrides;
        if (reference.empty()) continue;
        const auto other = named(channel, reference);
        if (!other) return tl::make_unexpected(other.error());
        if (base == *other) {
            return fail(ErrorCode::repodata,
                        fmt::format("channel {}: `channel_relations` has {} before it and after it",
                                    shown_url(channels_[channel].url), shown_url(channels_[*other].url)));
        }
        if (is_base) base = *other;
        if (*other >= known) brought.push_back(*other);
        edges_.insert(is_base ? std::pair(*other, channel) : std::pair(channel, *other));
    }
    return brought;
}

std::size_t ChannelOrder::brought_by(std::size_t channel) const {
    std::size_t found = channel;
    for (const auto& [before, after] : edges_) {
        if (before != channel && after != channel) continue;
        const std::size_t other = before == channel ? after : before;
        const auto place = [this](std::size_t c) { return std::pair(channels_[c].depth, channels_[c].url); };
        if (found == channel || place(other) < place(found)) found = other;
    }
    return found;
}

/// Depth first: what a channel builds upon is placed before it, what it overrides as soon after it as can be.
class ChannelOrder::Sorting {
public:
    explicit Sorting(const ChannelOrder& order) : order_(order), states_(order.size(), State::open) {
        for (std::size_t head = 0; head + 1 < order.heads_; ++head) add(head, head + 1);
        for (const auto& [before, after] : order.edges_) {
            // Both named by the request: its order counts.
            if (!(order.is_head(before) && order.is_head(after))) add(before, after);
        }
    }

    Result<std::vector<std::size_t>> all() {
        std::vector<std::size_t> starts;
        for (std::size_t channel = 0; channel < order_.size(); ++channel) starts.push_back(channel);
        // Which of the others arrived first must not matter.
        std::sort(starts.begin() + static_cast<std::ptrdiff_t>(order_.heads_), starts.end(),
                  [this](std::size_t a, std::size_t b) { return order_.url(a) < order_.url(b); });
        for (const std::size_t channel : starts) place(channel);
        if (!cycle_.empty()) {
            return fail(ErrorCode::repodata,
                        "channels say of themselves that they come before each other: " + cycle_,
                        "Name these channels in the request: its order counts");
        }
        return placed_;
    }

private:
    enum class State : unsigned char { open, under_way, placed };
    using Edge = std::pair<std::size_t, std::size_t>;

    void add(std::size_t before, std::size_t after) { edges_.insert({before, after}); }

    [[nodiscard]] std::vector<std::size_t> neighbours(std::size_t channel, bool before) const {
        std::vector<std::size_t> found;
        for (const auto& [first, second] : edges_) {
            if (before && second == channel) found.push_back(first);
            if (!before && first == channel && !order_.is_head(second)) found.push_back(second);
        }
        std::ranges::sort(found,
                          [this](std::size_t a, std::size_t b) { return order_.url(a) < order_.url(b); });
        return found;
    }

    void place(std::size_t channel) {
        if (states_[channel] == State::placed || !cycle_.empty()) return;
        if (states_[channel] == State::under_way) return note_cycle(channel);
        states_[channel] = State::under_way;
        path_.push_back(channel);
        for (const std::size_t before : neighbours(channel, true)) place(before);
        path_.pop_back();
        if (!cycle_.empty()) return;
        states_[channel] = State::placed;
        placed_.push_back(channel);
        for (const std::size_t after : neighbours(channel, false)) {
            const auto is_placed = [this](std::size_t c) { return states_[c] == State::placed; };
            if (states_[after] == State::open && std::ranges::all_of(neighbours(after, true), is_placed))
                place(after);
        }
    }

    void note_cycle(std::size_t channel) {
        for (auto at = std::ranges::find(path_, channel); at != path_.end(); ++at)
            cycle_ += shown_url(order_.url(*at)) + ", ";
        cycle_.resize(cycle_.size() - 2);
    }

    const ChannelOrder& order_;
    std::set<Edge> edges_;
    std::vector<State> states_;
    std::vector<std::size_t> path_;
    std::vector<std::size_t> placed_;
    std::string cycle_;
};

Result<std::vector<std::size_t>> ChannelOrder::sorted() const {
    return Sorting(*this).all();
}

}  // namespace aimlock
