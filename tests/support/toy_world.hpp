#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "solver/engine/solve.hpp"
#include "solver/model/metadata_source.hpp"

namespace aimlock::testing {

/// A record of a toy channel.
struct ToyRecord {
    std::string name;
    std::string version;
    std::vector<std::string> depends = {};
    std::vector<std::string> constrains = {};
    std::string build = "0";
    std::uint64_t build_number = 0;
    std::string channel = "toy";
    std::uint64_t timestamp_ms = 0;  ///< 0: later than the record before
    std::string track_features = {};
    std::vector<std::string> purls = {};
    std::string flags = {};                       ///< joined by one blank
    std::vector<std::string> extra_depends = {};  ///< group and spec by turns
    std::string subdir = "linux-64";
};

/// A release of a toy index: one wheel for each entry of `tags`; none: a source distribution alone.
struct ToyRelease {
    std::string name;
    std::string version;
    std::vector<std::string> requires_dist = {};
    std::vector<std::string> extras = {};
    std::string requires_python = {};
    bool yanked = false;
    std::vector<std::string> tags = {"py3-none-any"};
    std::int64_t uploaded_ms = 0;
    bool unreadable = false;                       ///< its metadata cannot be fetched
    bool page_states_python = true;                ///< the index page tells requires_python, too
    std::vector<std::string> more_of_others = {};  ///< what all wheels but the first require besides
    std::optional<WheelCode> code = {};            ///< what its libraries say; nullopt: they cannot be read
    std::vector<std::string> build_requires = {};  ///< of its source distribution
    std::string not_static = {};                   ///< why that cannot be used
    bool has_sdist = false;                        ///< beside wheels; without any there is one
    std::string address = {};                      ///< on no index, but at this address
};

/// A small world of both ecosystems. `order_seed` decides in which order questions are answered: the solver
/// must not care.
class ToyWorld final : public MetadataSource {
public:
    std::vector<ToyRecord> records;
    std::vector<ToyRelease> releases;
    unsigned order_seed = 0;
    std::vector<std::string> channel_names = {"toy"};  ///< in priority order
    std::int64_t exclude_newer_ms = 0;                 ///< wheels from then on are on no page; 0: all are
    std::function<bool(std::string_view)> on_pages;    ///< whether a wheel is on its page; empty: all are
    SourcePolicy may_build;                            ///< whose source distributions are on pages

    /// The channels with their records in linux-64. `python` records need a build such as "cp312_cpython".
    [[nodiscard]] std::vector<Channel> channels() const;
    /// Questions and answers start anew; the world stays.
    void reset();

    void ask_page(const std::string& normalized_name) override;
    void ask_metadata(const WheelFile& wheel) override;
    Arrival wait() override;
    [[nodiscard]] std::size_t pending() const override { return questions_.size(); }
    [[nodiscard]] FetchCounts counts() const override { return counts_; }

    [[nodiscard]] std::unique_ptr<MetadataSource> keeping(
        std::function<bool(std::string_view)> keep) const override;
    std::vector<Result<WheelCode>> read_code(const std::vector<WheelFile>& wheels) override;
    Result<FileDigest> read_digest(const WheelFile& file) override;
    bool reads_code = false;
    std::vector<std::string> code_read;  ///< file names of the wheels whose libraries were asked for
    [[nodiscard]] std::unique_ptr<MetadataSource> building(const SourcePolicy& policy) const override;

    static std::string url_of(const ToyRelease& release, const std::string& tag);

private:
    [[nodiscard]] Repodata subdir_of(const Channel& channel,
                                     const std::string& subdir,
                                     std::uint64_t& timestamp) const;

    struct Question {
        bool is_page = true;
        std::string what;
    };
    std::deque<Question> questions_;
    FetchCounts counts_;
};

/// A request of one linux-64 target; specs and requirements in the manifest's order.
TargetRequest toy_request(const std::vector<std::string>& conda, const std::vector<std::string>& pypi);

/// "numpy 1.26.4 (conda)" for each package of a solution, sorted.
std::vector<std::string> package_lines(const Solution& solution);

/// What is wrong with a solution, by a reading of the published requirements that shares nothing with the
/// engine but the parsers: a requirement that is not met, two providers of one distribution, a wheel for
/// another Python. Empty: nothing.
std::vector<std::string> violations(const ToyWorld& world,
                                    const TargetRequest& request,
                                    const Solution& solution,
                                    const NameMap& name_map);

}  // namespace aimlock::testing
