#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "fetch/conda/channel.hpp"
#include "fetch/conda/channel_documents.hpp"
#include "fetch/conda/channel_order.hpp"
#include "fetch/conda/name_closure.hpp"
#include "fetch/conda/repodata.hpp"
#include "fetch/url.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

/// A subdir while channels are read. It stays where it is: name closures point into it.
struct Subdir {
    std::size_t channel = 0;
    RepodataOrigin origin;
    SubdirDocument document;
    std::map<std::string, std::optional<Repodata>, std::less<>> shards;  ///< asked for, and here

    [[nodiscard]] const ShardIndex* index() const { return std::get_if<ShardIndex>(&document); }
    [[nodiscard]] const Repodata* whole() const { return std::get_if<Repodata>(&document); }
    [[nodiscard]] bool is_of(const std::string& platform) const {
        return origin.subdir == platform || origin.subdir == "noarch";
    }
};

/// What one platform needs of all subdirs.
struct Platform {
    const PlatformAsked* asked;
    NameClosure names;
};

class Reading {
public:
    Reading(FetchSession& session, const ChannelReading& reading, Log& log)
        : session_(session), reading_(reading), log_(log), documents_(session) {
        for (const PlatformAsked& asked : reading.asked)
            platforms_.push_back({&asked, NameClosure(reading.name_map)});
    }

    Result<std::vector<Channel>> run() {
        for (const std::string& written : reading_.channels) {
            auto addresses = resolve_channel(written, reading_.alias, reading_.base_folder);
            if (!addresses) return tl::make_unexpected(std::move(addresses.error()));
            for (const ChannelAddress& address : *addresses) {
                const std::string url = session_.learn(address.url);
                names_.push_back(address.name);
                ask_subdirs(order_.add_head(url));
            }
        }
        take_all();
        if (reading_.to_explain && closing_) {
            want_nearest();
            take_all();
        }
        if (auto failed = first_failure()) return tl::make_unexpected(*std::move(failed));
        return in_order();
    }

private:
    void ask_subdirs(std::size_t channel) {
        std::vector<std::string> subdirs = reading_.platforms;
        std::erase(subdirs, "noarch");
        subdirs.emplace_back("noarch");
        for (const std::string& subdir : subdirs) {
            subdirs_.push_back(
                {channel, {names_[channel], subdir, order_.url(channel) + "/" + subdir + "/", {}}, {}, {}});
            documents_.ask_subdir(subdirs_.size() - 1, subdirs_.back().origin);
        }
    }

    void take_all() {
        while (documents_.pending() != 0) {
            ChannelArrival arrival = documents_.wait();
            if (auto* subdir = std::get_if<SubdirArrived>(&arrival)) {
                take(std::move(*subdir));
            } else {
                take(std::move(std::get<ShardArrived>(arrival)));
            }
        }
    }

    void take(SubdirArrived arrived) {
        Subdir& subdir = subdirs_[arrived.subdir];
        if (!arrived.document) {
            failures_.emplace(std::pair(arrived.subdir, std::string()), std::move(arrived.document.error()));
            return;
        }
        subdir.document = *std::move(arrived.document);
        if (subdir.index() != nullptr) {
            relate(subdir.channel, subdir.index()->relations);
            for (const std::string& name : reading_.likely_names) ask_shard(arrived.subdir, name);
            begin_closures();
        } else if (subdir.whole() != nullptr) {
            relate(subdir.channel, subdir.whole()->relations);
        }
        if (!closing_) return;
        for (Platform& platform : platforms_) {
            if (!subdir.is_of(platform.asked->platform)) continue;
            for (const std::string& name : platform.names.names()) look_up(platform, arrived.subdir, name);
            look_up_new_names(platform);
        }
    }

    void take(ShardArrived arrived) {
        if (!arrived.records) {
            failures_.emplace(std::pair(arrived.subdir, arrived.name), std::move(arrived.records.error()));
            return;
        }
        Subdir& subdir = subdirs_[arrived.subdir];
        const Repodata& records = subdir.shards[arrived.name].emplace(*std::move(arrived.records));
        for (Platform& platform : platforms_) {
            if (!subdir.is_of(platform.asked->platform) || !platform.names.contains(arrived.name)) continue;
            platform.names.take(arrived.name, records);
            look_up_new_names(platform);
        }
    }

    // Nobody needs the names where all channels are whole.
    void begin_closures() {
        if (std::exchange(closing_, true)) return;
        for (Platform& platform : platforms_) {
            for (const MatchSpec& spec : platform.asked->specs) platform.names.want(spec);
            look_up_new_names(platform);
        }
    }

    void look_up_new_names(Platform& platform) {
        for (auto names = platform.names.new_names(); !names.empty(); names = platform.names.new_names()) {
            for (const std::string& name : names) {
                for (std::size_t i = 0; i < subdirs_.size(); ++i) {
                    if (subdirs_[i].is_of(platform.asked->platform)) look_up(platform, i, name);
                }
            }
        }
    }

    void look_up(Platform& platform, std::size_t i, const std::string& name) {
        const Subdir& subdir = subdirs_[i];
        if (subdir.whole() != nullptr) return platform.names.take(name, *subdir.whole());
        ask_shard(i, name);
        const auto shard = subdir.shards.find(name);
        if (shard != subdir.shards.end() && shard->second) platform.names.take(name, *shard->second);
    }

    void ask_shard(std::size_t i, const std::string& name) {
        Subdir& subdir = subdirs_[i];
        const ShardIndex* index = subdir.index();
        const Sha256* digest = index == nullptr ? nullptr : index->find(name);
        if (digest == nullptr || !subdir.shards.try_emplace(name).second) return;
        documents_.ask_shard(i, subdir.origin, *index, name, *digest);
    }

    void relate(std::size_t channel, const ChannelRelations& relations) {
        const auto brought = order_.relate(channel, relations);
        names_.resize(order_.size());
        if (!brought) {
            failures_.emplace(std::pair(std::size_t{0}, order_.url(channel)), brought.error());
            return;
        }
        for (const std::size_t other : *brought) {
            const auto address = resolve_channel(order_.url(other), reading_.alias, reading_.base_folder);
            if (!address) {
                failures_.emplace(std::pair(std::size_t{0}, order_.url(other)), address.error());
                continue;
            }
            names_[other] = address->front().name;
            ask_subdirs(other);
        }
    }

    void want_nearest() {
        for (Platform& platform : platforms_) {
            for (const MatchSpec& spec : platform.asked->specs) {
                if (platform.names.found(spec.name)) continue;
                NearestName nearest(spec.name);
                for (const Subdir& subdir : subdirs_) {
                    if (subdir.is_of(platform.asked->platform)) consider_names(subdir, nearest);
                }
                if (nearest.found().empty()) continue;
                MatchSpec near;
                near.name = nearest.found();
                platform.names.want(near);
            }
            look_up_new_names(platform);
        }
    }

    static void consider_names(const Subdir& subdir, NearestName& nearest) {
        if (const ShardIndex* index = subdir.index()) {
            for (std::size_t i = 0; i < index->size(); ++i) nearest.consider(index->name(i));
        } else if (const Repodata* whole = subdir.whole()) {
            for (const NameRun& run : whole->names) nearest.consider(whole->text(run.name));
        }
    }

    [[nodiscard]] bool is_needed(const Subdir& subdir, std::string_view name) const {
        return std::ranges::any_of(platforms_, [&](const Platform& platform) {
            return subdir.is_of(platform.asked->platform) && platform.names.contains(name);
        });
    }

    /// Of several failures the first in the order of the request; a shard that nothing needs may be missing.
    [[nodiscard]] std::optional<Error> first_failure() const {
        for (const auto& [what, error] : failures_) {
            const Subdir& subdir = subdirs_[what.first];
            const bool is_guess = subdir.shards.contains(what.second) && !is_needed(subdir, what.second);
            if (!is_guess) return error;
        }
        return std::nullopt;
    }

    Result<std::vector<Channel>> in_order() {
        const auto sorted = order_.sorted();
        if (!sorted) return tl::make_unexpected(sorted.error());
        std::vector<Channel> channels;
        for (const std::size_t i : *sorted) {
            Channel channel{names_[i], order_.url(i), {}, order_.is_head(i), true};
            for (Subdir& subdir : subdirs_) {
                if (subdir.channel == i) hand_over(subdir, channel);
            }
            if (channel.subdirs.empty() && channel.is_whole) return no_channel(channel);
            say_wheels(channel);
            if (!channel.is_head) {
                log_.write(LogLevel::note,
                           fmt::format("channel `{}` is read as well: `{}` says that it belongs to it",
                                       channel.name, names_[order_.brought_by(i)]));
            }
            log_.write(LogLevel::detail,
                       fmt::format("channel {}: {} documents", channel.name, channel.subdirs.size()));
            channels.push_back(std::move(channel));
        }
        return channels;
    }

    void say_wheels(const Channel& channel) const {
        std::uint64_t wheels = 0;
        for (const Repodata& repodata : channel.subdirs) wheels += repodata.wheels_left_out;
        if (wheels == 0) return;
        log_.write(LogLevel::warning,
                   fmt::format(
                       "channel `{}`: {} of its records are wheels, which are taken from PyPI only, and were "
                       "left out",
                       channel.name, wheels));
    }

    void hand_over(Subdir& subdir, Channel& channel) const {
        if (subdir.whole() != nullptr)
            channel.subdirs.push_back(std::get<Repodata>(std::move(subdir.document)));
        const ShardIndex* index = subdir.index();
        if (index == nullptr) return;
        channel.is_whole = false;
        for (auto& [name, records] : subdir.shards) {
            if (records && is_needed(subdir, name)) channel.subdirs.push_back(*std::move(records));
        }
        if (!reading_.to_explain) return;
        Repodata rest;
        rest.channel = channel.name;
        rest.subdir = subdir.origin.subdir;
        rest.base_url = index->base_url;
        for (std::size_t i = 0; i < index->size(); ++i) {
            if (!is_needed(subdir, index->name(i))) rest.unread.emplace_back(index->name(i));
        }
        channel.subdirs.push_back(std::move(rest));
    }

    [[nodiscard]] tl::unexpected<Error> no_channel(const Channel& channel) const {
        std::string missing;
        for (const std::string& platform : reading_.platforms) {
            if (platform != "noarch") missing += platform + "/repodata.json, ";
        }
        if (!missing.empty()) missing.resize(missing.size() - 2);
        return fail(ErrorCode::not_found,
                    fmt::format("channel `{}`: {} has neither {} nor noarch/repodata.json", channel.name,
                                shown_url(channel.url), missing),
                    "Check the channel's name and the channel alias");
    }

    FetchSession& session_;
    const ChannelReading& reading_;
    Log& log_;
    ChannelOrder order_;
    std::vector<std::string> names_;  // of channels, as `order_` counts them
    std::deque<Subdir> subdirs_;
    std::vector<Platform> platforms_;
    bool closing_ = false;
    std::map<std::pair<std::size_t, std::string>, Error> failures_;  // by subdir, and name of a shard
    ChannelDocuments documents_;  // ends first: it waits for what is under way
};

}  // namespace

Result<std::vector<Channel>> read_channels(FetchSession& session, const ChannelReading& reading, Log& log) {
    return Reading(session, reading, log).run();
}

}  // namespace aimlock
