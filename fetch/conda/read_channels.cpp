#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "fetch/conda/channel.hpp"
#include "fetch/conda/repodata.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr std::array document_names{"repodata.json.zst", "repodata.json", "repodata.json.bz2"};

/// Makes one Log of many threads' out of the session's.
class SessionLog final : public Log {
public:
    explicit SessionLog(FetchSession& session) : session_(session) {}
    void write(LogLevel level, std::string_view message) override { session_.say(level, message); }

private:
    FetchSession& session_;
};

/// The subdirs under way: each slot is filled once, by a worker.
class Reading {
public:
    Reading(FetchSession& session, std::size_t count)
        : session_(session), log_(session), slots_(count), left_(count) {}

    /// Asks for the document of `which` kind, and for the next kind where a server does not have it.
    void ask(std::size_t slot, RepodataOrigin origin, std::size_t which = 0) {
        origin.document = origin.subdir_url + document_names[which];
        DocumentRequest request;
        request.url = origin.document;
        request.remember_absence = true;
        session_.ask(request, [this, slot, which, origin](Result<Document> document) {
            if (!document) return fill(slot, tl::make_unexpected(std::move(document.error())));
            if (document->exists) {
                RepodataOrigin shown = origin;
                shown.document = is_file_url(origin.document) ? path_of_file_url(origin.document).string()
                                                              : shown_url(origin.document);
                const std::string_view name = document_names[which];
                auto repodata = parse_repodata(document->body, name.substr(name.rfind('.')), shown, log_);
                if (!repodata) return fill(slot, tl::make_unexpected(std::move(repodata.error())));
                return fill(slot, std::move(*repodata));
            }
            if (which + 1 < document_names.size()) return ask(slot, origin, which + 1);
            fill(slot, std::optional<Repodata>{});
        });
    }

    std::vector<Result<std::optional<Repodata>>> wait() {
        std::unique_lock lock(mutex_);
        done_.wait(lock, [this] { return left_ == 0; });
        return std::move(slots_);
    }

private:
    void fill(std::size_t slot, Result<std::optional<Repodata>> result) {
        const std::lock_guard lock(mutex_);
        slots_[slot] = std::move(result);
        --left_;
        done_.notify_all();
    }

    FetchSession& session_;
    SessionLog log_;
    std::mutex mutex_;
    std::condition_variable done_;
    std::vector<Result<std::optional<Repodata>>> slots_;
    std::size_t left_;
};

}  // namespace

Result<std::vector<Channel>> read_channels(FetchSession& session, const ChannelReading& reading, Log& log) {
    std::vector<std::string> subdirs = reading.platforms;
    std::erase(subdirs, "noarch");
    subdirs.emplace_back("noarch");
    std::vector<Channel> channels;
    for (const std::string& written : reading.channels) {
        auto addresses = resolve_channel(written, reading.alias, reading.base_folder);
        if (!addresses) return tl::make_unexpected(std::move(addresses.error()));
        for (ChannelAddress& address : *addresses)
            channels.push_back({std::move(address.name), session.learn(address.url), {}});
    }
    Reading under_way(session, channels.size() * subdirs.size());
    for (std::size_t i = 0; i < channels.size(); ++i) {
        for (std::size_t j = 0; j < subdirs.size(); ++j) {
            under_way.ask(i * subdirs.size() + j,
                          {channels[i].name, subdirs[j], channels[i].url + "/" + subdirs[j] + "/", {}});
        }
    }
    auto answers = under_way.wait();
    for (auto& answer : answers) {
        if (!answer) return tl::make_unexpected(std::move(answer.error()));
    }
    for (std::size_t i = 0; i < channels.size(); ++i) {
        for (std::size_t j = 0; j < subdirs.size(); ++j) {
            auto& answer = answers[i * subdirs.size() + j];
            if (*answer) channels[i].subdirs.push_back(std::move(**answer));
        }
        if (channels[i].subdirs.empty()) {
            return fail(ErrorCode::not_found,
                        fmt::format("channel `{}`: {} has neither {}/repodata.json nor {}", channels[i].name,
                                    shown_url(channels[i].url),
                                    fmt::join(subdirs.begin(), subdirs.end() - 1, "/repodata.json, "),
                                    "noarch/repodata.json"),
                        "Check the channel's name and the channel alias");
        }
        log.write(LogLevel::detail,
                  fmt::format("channel {}: {} subdirs", channels[i].name, channels[i].subdirs.size()));
    }
    return channels;
}

}  // namespace aimlock
