#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "solver/base/arena.hpp"
#include "solver/model/name_map.hpp"
#include "solver/model/repodata.hpp"
#include "solver/model/request.hpp"
#include "solver/version/conda_version.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock::engine {

/// Index into CondaWorld::records.
using RecordId = std::uint32_t;
/// Index of an interned MatchSpec.
using SpecId = std::uint32_t;

/// A PyPI distribution that a conda record carries, at the version that PyPI requirements compare with.
struct Identity {
    std::string name;  ///< normalised
    Pep440Version version;
};

/// A conda record (or virtual package) within reach of the request.
struct WorldRecord {
    const Repodata* repodata = nullptr;  ///< null: a virtual package
    const CondaRecord* record = nullptr;
    std::uint32_t channel = 0;  ///< position in the channel list
    std::uint32_t name = 0;     ///< index into CondaWorld::names
    std::uint32_t version = 0;  ///< index into CondaWorld::versions
    std::string_view build;
    std::vector<SpecId> depends;
    std::vector<SpecId> constrains;
    std::vector<Identity> identities;
    bool expanded = false;  ///< depends, constrains and identities are filled
};

/// All conda records that the requirements of a target can reach, with each spec matched once against them.
/// Grows by itself as specs are asked for; holds the whole closure after `expand`.
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
    /// Records that meet the spec, ascending ids.
    const std::vector<RecordId>& candidates(SpecId spec);
    /// Reads everything that can be reached from the specs: dependencies of candidates, and so on.
    void expand(const std::vector<SpecId>& roots);
    /// True when some channel (of those that priority allows) has the name, or it is a virtual package.
    bool has_name(std::string_view name);
    /// The nearest name that some channel has, for a message; empty: none is near.
    [[nodiscard]] std::string nearest_name(std::string_view name) const;

    [[nodiscard]] const std::vector<WorldRecord>& records() const { return records_; }
    [[nodiscard]] const WorldRecord& operator[](RecordId id) const { return records_[id]; }
    [[nodiscard]] std::string_view name_of(RecordId id) const { return names_[TextId{records_[id].name}]; }
    [[nodiscard]] const CondaVersion& version_of(RecordId id) const {
        return versions_[records_[id].version];
    }
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
    /// True when `a` is to be preferred to `b`, both of one name: no track_features, channel (unless priority
    /// is disabled), version (lowest first where `lowest`), build number, timestamp, file name.
    [[nodiscard]] bool better(RecordId a, RecordId b, bool lowest) const;

private:
    struct Spec {
        MatchSpec spec;
        bool valid = true;
        bool matched = false;
        std::vector<RecordId> candidates;
    };
    struct NameEntry {
        bool loaded = false;
        std::vector<RecordId> records;
    };

    std::uint32_t name_id(std::string_view name);
    void load_name(std::uint32_t name);
    void add_virtual(const VirtualPackage& package);
    void add_record(std::uint32_t name,
                    const Repodata& repodata,
                    const CondaRecord& record,
                    std::uint32_t channel);
    std::optional<std::uint32_t> version_id(std::string_view text);
    void expand_record(RecordId id);
    [[nodiscard]] std::vector<Identity> identities_of(const WorldRecord& record);
    [[nodiscard]] bool carries(std::string_view conda_name, const std::string& pypi_name);
    void match(Spec& spec);

    const std::vector<Channel>* channels_;
    const NameMap* name_map_;
    SolveOptions options_;
    /// Per repodata: records of each of its name ids.
    std::unordered_map<const Repodata*, std::unordered_map<std::uint32_t, std::vector<std::uint32_t>>> index_;
    std::map<std::string, std::string, std::less<>>
        pinned_channel_;  ///< conda name -> channel that a root names
    Interner names_;
    std::vector<NameEntry> by_name_;
    Interner spec_texts_;
    std::vector<Spec> specs_;
    std::vector<CondaVersion> versions_;
    std::unordered_map<std::string, std::optional<std::uint32_t>> version_ids_;
    std::vector<WorldRecord> records_;
    std::vector<std::unique_ptr<VirtualPackage>> virtual_packages_;
    std::map<std::pair<std::string, std::string>, bool> carries_;
};

}  // namespace aimlock::engine
