#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "fetch/conda/channel.hpp"
#include "fetch/conda/packed_repodata.hpp"
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

/// Keeps what was said while a document was read: it is said again whenever its packed form is opened.
class KeptWarnings final : public Log {
public:
    void write(LogLevel level, std::string_view message) override {
        if (level == LogLevel::warning) said.emplace_back(message);
    }
    std::vector<std::string> said;
};

/// The subdirs under way: each slot is filled once, by a worker.
class Reading {
public:
    Reading(FetchSession& session, std::size_t count)
        : session_(session), log_(session), form_(packed_repodata_form()), slots_(count), left_(count) {}

    /// Asks for the document of `which` kind, and for the next kind where a server does not have it.
    void ask(std::size_t slot, RepodataOrigin origin, std::size_t which = 0) {
        DocumentRequest request;
        request.url = origin.subdir_url + document_names[which];
        origin.document =
            is_file_url(request.url) ? path_of_file_url(request.url).string() : shown_url(request.url);
        request.remember_absence = true;
        request.form = form_;
        request.condense = [origin, which](std::string_view body, const std::string&) -> Result<std::string> {
            const std::string_view name = document_names[which];
            KeptWarnings warnings;
            const auto repodata = parse_repodata(body, name.substr(name.rfind('.')), origin, warnings);
            if (!repodata) return tl::make_unexpected(repodata.error());
            return pack_repodata(*repodata, warnings.said);
        };
        request.check = [origin](std::string_view packed) {
            KeptWarnings unsaid;
            return open_packed_repodata(packed, nullptr, origin, unsaid)
                       ? Result<void>{}
                       : fail(ErrorCode::internal, "packed repodata cannot be read");
        };
        session_.ask(request, [this, slot, which, origin](Result<Document> document) {
            if (!document) return fill(slot, tl::make_unexpected(std::move(document.error())));
            if (document->exists) return open(slot, origin, std::move(*document));
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
    void open(std::size_t slot, const RepodataOrigin& origin, Document document) {
        const auto held = std::make_shared<const Document>(std::move(document));
        auto repodata = open_packed_repodata(held->bytes(), held, origin, log_);
        if (!repodata)
            return fill(slot,
                        fail(ErrorCode::internal, origin.document + ": its packed form cannot be read"));
        fill(slot, std::move(repodata));
    }

    void fill(std::size_t slot, Result<std::optional<Repodata>> result) {
        const std::lock_guard lock(mutex_);
        slots_[slot] = std::move(result);
        --left_;
        done_.notify_all();
    }

    FetchSession& session_;
    SessionLog log_;
    std::string form_;
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
