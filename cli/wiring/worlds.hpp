#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "cli/render/console.hpp"
#include "cli/wiring/request.hpp"
#include "fetch/pypi/link_page.hpp"
#include "fetch/session.hpp"
#include "lock/make_lock.hpp"
#include "solver/model/metadata_source.hpp"
#include "solver/model/name_map.hpp"
#include "solver/model/repodata.hpp"

namespace aimlock::cli {

/// The index itself, watched: which indexes had a page of any name.
class WatchedSource final : public MetadataSource {
public:
    explicit WatchedSource(std::unique_ptr<MetadataSource> inner) : inner_(std::move(inner)) {}
    void ask_page(const std::string& normalized_name) override {
        asked_a_page_ = true;
        inner_->ask_page(normalized_name);
    }
    void ask_metadata(const WheelFile& wheel) override { inner_->ask_metadata(wheel); }
    Arrival wait() override;
    [[nodiscard]] std::size_t pending() const override { return inner_->pending(); }
    [[nodiscard]] FetchCounts counts() const override { return inner_->counts(); }
    std::vector<Result<WheelCode>> read_code(const std::vector<WheelFile>& wheels) override {
        return inner_->read_code(wheels);
    }
    Result<FileDigest> read_digest(const WheelFile& file) override { return inner_->read_digest(file); }
    [[nodiscard]] std::unique_ptr<MetadataSource> keeping(
        std::function<bool(std::string_view)> keep) const override {
        return inner_->keeping(std::move(keep));
    }
    [[nodiscard]] std::unique_ptr<MetadataSource> building(const SourcePolicy& policy) const override {
        return inner_->building(policy);
    }
    /// True when pages were asked for and none existed, in the cache or at an index.
    [[nodiscard]] bool found_nothing() const { return asked_a_page_ && !had_a_page_; }

private:
    std::unique_ptr<MetadataSource> inner_;
    bool asked_a_page_ = false;
    bool had_a_page_ = false;
};

/// All that a solve reads of the outside: channels and name map as read, the index to be asked.
struct Worlds {
    std::unique_ptr<FetchSession> session;
    std::vector<Channel> channels;
    NameMap name_map = NameMap::built_in();
    /// The index as each target sees it, in the request's order; they end before the session that they ask.
    std::vector<std::unique_ptr<WatchedSource>> by_target;
    std::vector<std::shared_ptr<const LinkPage>> link_pages;  ///< of `find-links`
    std::vector<SourceInUse> sources;  ///< for the lock: channels in their order, then indexes
    std::vector<SourceInUse> brought;  ///< channels that channels of the request brought (CEP 42)
};

/// Opens the network and cache, reads the request's channels and name map, and prepares its indexes.
Result<std::unique_ptr<Worlds>> open_worlds(const Asked& asked, Console& console);

/// Whether what was read of the channels is enough to explain why there is no answer.
bool can_be_explained(const Worlds& worlds);
/// Reads the channels once more, with what an explanation needs.
Result<void> read_to_explain(Worlds& worlds, const Asked& asked, Console& console);

/// After a solve without an answer: fails where no index had any name and one of them is not there at all
/// (its own address is a 404), which is a wrong address and no answer.
Result<void> check_indexes(Worlds& worlds);

}  // namespace aimlock::cli
