#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/pypi/link_page.hpp"
#include "fetch/session.hpp"
#include "solver/model/metadata_source.hpp"

namespace aimlock {

/// What LiveMetadata asks, and what it keeps of the answers.
struct LiveMetadataOptions {
    std::vector<std::string> indexes;  ///< of index_addresses(); a folder `index/<name>/index.json` works too
    std::map<std::string, std::string> pins;  ///< normalised name -> the one index it comes from
    std::vector<std::string> find_links;      ///< local folders of wheels, added to what the index has
    std::vector<std::shared_ptr<const LinkPage>> link_pages;  ///< of servers, added likewise
    std::map<std::string, DirectUrl> direct;  ///< normalised name -> the one address it comes from
    SourcePolicy sources;                     ///< whose archives of sources are candidates
    SourceProjectReader read_project;         ///< for sources; empty: none of them can be used
    /// As PageFilter::keep; called on workers and by whoever asks. Empty: every wheel.
    std::function<bool(std::string_view wheel_file_name)> keep;
    std::optional<std::int64_t> exclude_newer_ms;
    /// Names the request. The cache remembers which pages it needed: when one of them must be asked for
    /// again, all are, at once. A wrong guess costs bytes, never an answer. Empty: nothing is remembered.
    std::string hint;
};

/// PyPI's metadata from the outside. Questions go out at once, answers are read on the session's workers.
/// Indexes are asked in order and the first that has the name wins; only a 404 leads to the next: refusal and
/// faults are errors, or a public index could slip in a name that a private one withholds. Used by one
/// thread; the session outlives it.
class LiveMetadata final : public MetadataSource {
public:
    LiveMetadata(FetchSession& session, LiveMetadataOptions options);
    ~LiveMetadata() override;
    LiveMetadata(const LiveMetadata&) = delete;
    LiveMetadata& operator=(const LiveMetadata&) = delete;

    void ask_page(const std::string& normalized_name) override;
    void ask_metadata(const WheelFile& wheel) override;
    Arrival wait() override;
    [[nodiscard]] std::size_t pending() const override;
    [[nodiscard]] FetchCounts counts() const override;
    std::vector<Result<WheelCode>> read_code(const std::vector<WheelFile>& wheels) override;
    Result<FileDigest> read_digest(const WheelFile& file) override;
    [[nodiscard]] std::unique_ptr<MetadataSource> keeping(
        std::function<bool(std::string_view)> keep) const override;
    [[nodiscard]] std::unique_ptr<MetadataSource> building(const SourcePolicy& policy) const override;

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with callbacks that may come after the end of this object
};

}  // namespace aimlock
