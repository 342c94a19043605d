#include "fetch/conda/repodata.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "fetch/compression.hpp"
#include "fetch/conda/record_reader.hpp"
#include "fetch/conda/repodata_cutter.hpp"

namespace aimlock {
namespace {

constexpr std::size_t chunk_size = std::size_t{2} << 20U;
constexpr GrowthLimit growth{std::uint64_t{4} << 30U, 300};

/// Texts on their way from the thread that decompresses to the one that parses; short, so that memory stays
/// bounded.
class Conveyor {
public:
    void put(std::string key, std::string text) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return queue_.size() < 4 || ended_; });
        queue_.emplace_back(std::move(key), std::move(text));
        changed_.notify_all();
    }
    bool take(std::pair<std::string, std::string>& into) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !queue_.empty() || ended_; });
        if (queue_.empty()) return false;
        into = std::move(queue_.front());
        queue_.pop_front();
        changed_.notify_all();
        return true;
    }
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<std::string, std::string>> queue_;
    bool ended_ = false;
};

bool is_web_page(std::string_view bytes) {
    const std::size_t first = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    return first != std::string_view::npos && bytes[first] == '<';
}

}  // namespace

Result<Repodata> parse_repodata(std::string_view bytes,
                                std::string_view kind,
                                const RepodataOrigin& origin,
                                Log& log) {
    if (is_web_page(bytes)) {
        return fail(
            ErrorCode::repodata,
            origin.document + ": a web page came in the place of the document: a captive portal or a login?",
            "Open the address in a browser, and check the channel's address");
    }
    RecordReader reader(origin);
    Conveyor conveyor;
    Result<void> parsed;
    std::thread parsing([&] {
        std::pair<std::string, std::string> next;
        while (conveyor.take(next)) {
            if (parsed) parsed = reader.take(next.first, std::move(next.second));
        }
    });
    RepodataCutter cutter(
        [&](std::string_view key, std::string text) -> Result<void> {
            conveyor.put(std::string(key), std::move(text));
            return {};
        },
        chunk_size);
    Result<void> cut = decompress_stream(kind, bytes, origin.document, growth,
                                         [&](std::string_view piece) { return cutter.feed(piece); });
    if (cut) cut = cutter.finish();
    conveyor.end();
    parsing.join();
    for (const Result<void>* step : {&cut, &parsed}) {
        if (*step) continue;
        Error error = step->error();
        if (error.message.find(origin.document) == std::string::npos)
            error.message = origin.document + ": " + error.message;
        if (error.code == ErrorCode::repodata)
            error.hint = "Try `--refresh`; if it stays, the channel's document is damaged";
        return tl::make_unexpected(std::move(error));
    }
    return reader.finish(log);
}

}  // namespace aimlock
