#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "solver/base/interner.hpp"
#include "solver/engine/channel_index.hpp"
#include "solver/engine/span_store.hpp"
#include "solver/engine/world_record.hpp"
#include "solver/model/repodata.hpp"
#include "solver/model/request.hpp"
#include "solver/version/conda_version.hpp"

namespace aimlock::engine {

/// All conda records that the requirements of a target can reach, with each spec matched once against them.
/// Grows by itself as specs are asked for; holds the whole closure after `expand`. Records of other platforms
/// than the target's do not exist in it.
class CondaWorld {
public:
    CondaWorld(const std::vector<Channel>& channels,
               const Target& target,
               const SolveOptions& options,
               const NameMap& name_map,
               const std::vector<CondaRoot>& roots);

    /// The id of a spec, parsed once. A dependency string that does not parse gets a spec without candidates.
    SpecId intern(std::string_view spec);
    SpecId intern(const MatchSpec& spec);
    /// Records that meet the spec, ascending ids; whether it asks for extras or has a condition is left
    /// aside.
    const std::vector<RecordId>& candidates(SpecId spec);
    /// Null: the spec counts always.
    [[nodiscard]] const WorldCondition* condition(SpecId spec) const { return specs_[spec].condition.get(); }
    /// The dependencies of an extra of a record, null where it has no such extra (which is no error).
    [[nodiscard]] const ExtraDepends* extra(RecordId id, std::string_view group) const;
    /// Reads everything that can be reached from the specs: dependencies of candidates, and so on.
    void expand(const std::vector<SpecId>& roots);
    /// True when some channel (of those that priority allows) has the name, or it is a virtual package.
    bool has_name(std::string_view name);
    /// The subdirs that take part, in the order of channels.
    [[nodiscard]] std::span<const ChannelIndex> sources() const { return sources_; }
    /// The nearest name that some channel has, for a message; empty: none is near.
    [[nodiscard]] std::string nearest_name(std::string_view name) const;

    [[nodiscard]] const std::vector<WorldRecord>& records() const { return records_; }
    [[nodiscard]] const WorldRecord& operator[](RecordId id) const { return records_[id]; }
    [[nodiscard]] std::string_view name(std::uint32_t id) const { return names_[TextId{id}]; }
    [[nodiscard]] std::string_view name_of(RecordId id) const { return name(records_[id].name); }
    [[nodiscard]] const CondaVersion& version_of(RecordId id) const {
        return versions_[records_[id].version];
    }
    /// The CUDA major that a record fixes for its environment; nullopt: none, or a virtual package.
    [[nodiscard]] std::optional<unsigned> cuda_major_of(RecordId id) const;
    [[nodiscard]] std::string_view spec_name(SpecId spec) const { return specs_[spec].spec.name; }
    [[nodiscard]] const MatchSpec& spec(SpecId spec) const { return specs_[spec].spec; }
    /// Records of one name, ascending ids.
    [[nodiscard]] const std::vector<RecordId>& records_of(std::uint32_t name) const {
        return by_name_[name].records;
    }
    [[nodiscard]] const std::vector<RecordId>& records_named(std::string_view name) {
        const std::uint32_t id = name_id(name);
        return by_name_[id].records;
    }
    [[nodiscard]] std::size_t name_count() const { return by_name_.size(); }
    [[nodiscard]] std::size_t spec_count() const { return specs_.size(); }
    /// Sorts records of one name by preference: channel (unless priority is disabled), no track_features,
    /// version (lowest first where `lowest`), build number; then what depends on newer versions of what all
    /// of them depend on; then timestamp, channel, file name.
    void sort_best_first(std::span<RecordId> records, bool lowest);
    /// The same as far as the version; less: `a` is the better one.
    [[nodiscard]] std::strong_ordering compare_before_builds(RecordId a, RecordId b, bool lowest) const {
        return place_before_builds(a, lowest) <=> place_before_builds(b, lowest);
    }

private:
    struct Spec {
        MatchSpec spec;
        std::uint32_t name = 0;
        std::unique_ptr<WorldCondition> condition{};
        bool valid = true;
        bool matched = false;
        std::vector<RecordId> candidates{};
        std::optional<RecordId> best{};  ///< of the candidates, by track_features and version
    };
    struct NameEntry {
        bool loaded = false;
        std::vector<RecordId> records;
        std::vector<std::uint32_t> versions;  ///< of each of them
    };
    /// What a group of records prefers by what it depends on: a spec's best candidate of one name.
    struct Offer {
        std::uint32_t name;
        std::uint64_t best;  ///< the better, the higher
        std::uint32_t list;  ///< which list of dependencies
    };

    std::uint32_t name_id(std::string_view name);
    void load_name(std::uint32_t name);
    void add_virtual(const VirtualPackage& package);
    void add_record(std::uint32_t name, std::uint32_t source, const CondaRecord& record);
    void rank_versions(NameEntry& entry);
    std::optional<std::uint32_t> version_id(std::string_view text);
    void expand_record(RecordId id);
    std::span<const SpecId> intern_list(ChannelIndex& source, TextList list);
    std::span<const ExtraDepends> intern_extras(ChannelIndex& source, TextList list);
    void add_condition(SpecId id);
    WorldCondition intern_condition(const SpecCondition& condition);
    void match(Spec& spec);
    [[nodiscard]] bool matches_in_full(const MatchSpec& query, const WorldRecord& record) const;
    void add_spec(SpecId id, MatchSpec spec);
    [[nodiscard]] std::uint64_t place_before_builds(RecordId id, bool lowest) const;
    [[nodiscard]] std::optional<RecordId> best_candidate(SpecId spec);
    [[nodiscard]] std::vector<std::uint32_t> list_scores(const std::vector<std::span<const SpecId>>& lists);
    void sort_by_dependencies(std::span<RecordId> group);
    void match_fleet(Spec& spec, const std::vector<RecordId>& virtual_packages) const;

    const std::vector<Channel>* channels_;
    SolveOptions options_;
    std::vector<ChannelIndex> sources_;
    CondaIdentities identities_;
    std::map<std::string, std::string, std::less<>>
        pinned_channel_;  ///< conda name -> channel that a root names
    Interner names_;
    std::vector<NameEntry> by_name_;
    Interner spec_texts_;
    std::deque<Spec> specs_;  // references stay valid while it grows
    std::vector<CondaVersion> versions_;
    std::unordered_map<std::string, std::optional<std::uint32_t>> version_ids_;
    std::vector<WorldRecord> records_;
    std::vector<std::unique_ptr<VirtualPackage>> virtual_packages_;
    SpanStore<SpecId> spec_lists_;
    std::vector<std::span<const SpecId>> known_lists_;  ///< by ChannelIndex::list_of
    SpanStore<ExtraDepends> extra_lists_;
    std::vector<std::uint8_t> version_fits_;  // scratch of match(), by version: 0 not asked yet, 1 no, 2 yes
    std::vector<std::uint32_t> versions_asked_;
    std::vector<Offer> offers_;        // scratch of list_scores()
    std::vector<CondaVersion> fleet_;  ///< compute capabilities of the target's GPUs
};

}  // namespace aimlock::engine
