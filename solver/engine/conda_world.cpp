#include "solver/engine/conda_world.hpp"

#include <algorithm>

#include "solver/base/sort_unique.hpp"
#include "solver/engine/cuda_conda.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::engine {
namespace {

std::vector<ChannelIndex> index_channels(const std::vector<Channel>& channels, const std::string& platform) {
    std::vector<ChannelIndex> sources;
    for (std::uint32_t c = 0; c < channels.size(); ++c) {
        for (const Repodata& repodata : channels[c].subdirs) {
            if (repodata.subdir == platform || repodata.subdir == "noarch") sources.emplace_back(repodata, c);
        }
    }
    return sources;
}

}  // namespace

CondaWorld::CondaWorld(const std::vector<Channel>& channels,
                       const Target& target,
                       const SolveOptions& options,
                       const NameMap& name_map,
                       const std::vector<CondaRoot>& roots)
    : channels_(&channels),
      options_(options),
      sources_(index_channels(channels, target.platform)),
      identities_(name_map, sources_),
      by_name_(1),
      specs_(1) {
    specs_[0].valid = false;
    std::size_t count = 0;
    for (const ChannelIndex& source : sources_) count += source.repodata().records.size();
    records_.reserve(count + 64);  // untouched memory costs nothing
    for (const CondaRoot& root : roots) {
        if (root.spec.channel) pinned_channel_.emplace(root.spec.name, *root.spec.channel);
    }
    for (const VirtualPackage& package : target.virtual_packages()) add_virtual(package);
    for (const std::string& gpu : target.cuda_arch) {
        if (auto version = CondaVersion::parse(gpu)) fleet_.push_back(*std::move(version));
    }
}

void CondaWorld::add_virtual(const VirtualPackage& package) {
    virtual_packages_.push_back(std::make_unique<VirtualPackage>(package));
    const VirtualPackage& kept = *virtual_packages_.back();
    const std::uint32_t name = name_id(kept.name);
    by_name_[name].loaded = true;
    const auto version = version_id(kept.version);
    if (!version) return;
    WorldRecord record;
    record.name = name;
    record.version = *version;
    record.build = kept.build;
    record.expanded = true;
    records_.push_back(std::move(record));
    by_name_[name].records.push_back(static_cast<RecordId>(records_.size() - 1));
    by_name_[name].versions.push_back(*version);
}

std::uint32_t CondaWorld::name_id(std::string_view name) {
    const std::uint32_t id = names_.intern(name).index;
    if (id >= by_name_.size()) by_name_.resize(id + 1);
    return id;
}

std::optional<std::uint32_t> CondaWorld::version_id(std::string_view text) {
    const auto [entry, is_new] = version_ids_.try_emplace(std::string(text), std::nullopt);
    if (is_new) {
        if (auto version = CondaVersion::parse(text)) {
            versions_.push_back(*std::move(version));
            entry->second = static_cast<std::uint32_t>(versions_.size() - 1);
        }
    }
    return entry->second;
}

void CondaWorld::load_name(std::uint32_t name) {
    if (by_name_[name].loaded) return;
    by_name_[name].loaded = true;
    const std::string_view text = names_[TextId{name}];
    if (text.starts_with("__")) return;  // virtual packages never come from a channel
    const auto pin = pinned_channel_.find(text);
    std::optional<std::uint32_t> first;  // channel that has the name
    for (std::uint32_t source = 0; source < sources_.size(); ++source) {
        const std::uint32_t c = sources_[source].channel();
        if (first && *first != c && options_.channel_priority == ChannelPriority::strict) break;
        const Channel& channel = (*channels_)[c];
        if (pin != pinned_channel_.end() && !channel_matches(pin->second, channel.name) &&
            !channel_matches(pin->second, channel.url))
            continue;
        const auto records = sources_[source].repodata().records_named(text);
        if (records.empty()) continue;
        first = c;
        for (const CondaRecord& record : records) add_record(name, source, record);
    }
    rank_versions(by_name_[name]);
}

// Comparing versions is comparing numbers from then on.
void CondaWorld::rank_versions(NameEntry& entry) {
    std::vector<std::uint32_t> versions = entry.versions;
    sort_unique(versions);
    std::ranges::sort(versions, {}, [&](std::uint32_t version) { return versions_[version].key(); });
    std::unordered_map<std::uint32_t, std::uint32_t> ranks;
    std::uint32_t rank = 0;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (i != 0 && versions_[versions[i]] != versions_[versions[i - 1]]) ++rank;
        ranks.emplace(versions[i], rank);
    }
    for (const RecordId id : entry.records) records_[id].rank = ranks.at(records_[id].version);
}

void CondaWorld::add_record(std::uint32_t name, std::uint32_t source, const CondaRecord& record) {
    ChannelIndex& index = sources_[source];
    const Repodata& repodata = index.repodata();
    std::uint32_t& version = index.version_of(record.version);
    if (version == ChannelIndex::none) {
        const auto parsed = version_id(repodata.text(record.version));
        if (!parsed) return;  // a version that no spec can be compared with can never be asked for
        version = *parsed;
    }
    if (options_.exclude_newer_ms && record.timestamp_ms != 0 &&
        static_cast<std::int64_t>(record.timestamp_ms) >= *options_.exclude_newer_ms) {
        return;
    }
    WorldRecord added;
    added.repodata = &repodata;
    added.record = &record;
    added.source = source;
    added.channel = index.channel();
    added.name = name;
    added.version = version;
    added.build = repodata.text(record.build);
    added.build_number = record.build_number;
    added.tracks_features = record.track_features.index != 0;
    records_.push_back(added);
    by_name_[name].records.push_back(static_cast<RecordId>(records_.size() - 1));
    by_name_[name].versions.push_back(version);
}

SpecId CondaWorld::intern(std::string_view text) {
    const SpecId id = spec_texts_.intern(text).index;
    if (id < specs_.size()) return id;
    Spec& added = specs_.emplace_back();
    if (auto spec = MatchSpec::parse(text)) {
        add_spec(id, *std::move(spec));
    } else {
        added.valid = false;
        added.spec.name = std::string(match_spec_name(text));
        added.name = name_id(added.spec.name);
    }
    return id;
}

void CondaWorld::add_spec(SpecId id, MatchSpec spec) {
    specs_[id].name = name_id(spec.name);
    specs_[id].spec = std::move(spec);
    add_condition(id);
}

SpecId CondaWorld::intern(const MatchSpec& spec) {
    const SpecId id = spec_texts_.intern(spec.text()).index;
    if (id < specs_.size()) return id;
    specs_.emplace_back();
    add_spec(id, spec);
    return id;
}

void CondaWorld::add_condition(SpecId id) {
    if (!specs_[id].spec.when) return;
    const auto parsed = SpecCondition::parse(*specs_[id].spec.when);
    if (!parsed) return;  // read before, when the spec was
    specs_[id].condition = std::make_unique<WorldCondition>(intern_condition(*parsed));
}

WorldCondition CondaWorld::intern_condition(const SpecCondition& condition) {
    WorldCondition interned{condition.kind, 0, {}};
    if (condition.kind == SpecCondition::Kind::spec) interned.spec = intern(condition.spec);
    for (const SpecCondition& part : condition.parts) interned.parts.push_back(intern_condition(part));
    return interned;
}

const std::vector<RecordId>& CondaWorld::candidates(SpecId id) {
    if (!specs_[id].matched) match(specs_[id]);
    return specs_[id].candidates;
}

void CondaWorld::match(Spec& spec) {
    spec.matched = true;
    if (!spec.valid) return;
    load_name(spec.name);
    const MatchSpec& query = spec.spec;
    const NameEntry& entry = by_name_[spec.name];
    if (query.name == "__cuda_arch") return match_fleet(spec, entry.records);
    // Nearly every dependency asks for a version and perhaps a build: those are matched field by field, each
    // distinct version once. Anything else goes the general way.
    const bool plain = !query.build_number && !query.channel && !query.subdir && !query.file_name &&
                       !query.url && !query.md5 && !query.sha256 && !query.license && !query.license_family &&
                       query.track_features.empty() && query.flags.empty() && !query.features;
    if (version_fits_.size() < versions_.size()) version_fits_.resize(versions_.size(), 0);
    const bool any_version = !query.version || query.version->is_any();
    for (std::size_t i = 0; i < entry.records.size(); ++i) {
        if (!any_version) {
            std::uint8_t& fits = version_fits_[entry.versions[i]];
            if (fits == 0) {
                fits = query.version->contains(versions_[entry.versions[i]]) ? 2 : 1;
                versions_asked_.push_back(entry.versions[i]);
            }
            if (fits == 1) continue;
        }
        const RecordId id = entry.records[i];
        const WorldRecord& record = records_[id];
        if (query.build && !query.build->matches(record.build)) continue;
        if (plain || matches_in_full(query, record)) spec.candidates.push_back(id);
    }
    for (const std::uint32_t version : versions_asked_) version_fits_[version] = 0;
    versions_asked_.clear();
}

bool CondaWorld::matches_in_full(const MatchSpec& query, const WorldRecord& record) const {
    MatchFields fields;
    fields.name = names_[TextId{record.name}];
    fields.version = &versions_[record.version];
    fields.build = record.build;
    if (record.record == nullptr) return query.matches(fields);
    const Repodata& repodata = *record.repodata;
    const Channel& channel = (*channels_)[record.channel];
    const bool by_url = query.channel && channel_matches(*query.channel, channel.url);
    const std::string url = repodata.base_url + std::string(repodata.text(record.record->file_name));
    const std::string sha256 = record.record->sha256.known() ? record.record->sha256.hex() : std::string();
    const std::string md5 = query.md5 ? record.record->md5.hex() : std::string();
    fields.build_number = record.record->build_number;
    fields.channel = by_url ? std::string_view(*query.channel) : std::string_view(repodata.channel);
    fields.subdir = repodata.subdir;
    fields.file_name = repodata.text(record.record->file_name);
    fields.url = url;
    fields.md5 = md5;
    fields.sha256 = sha256;
    fields.license = repodata.text(record.record->license);
    fields.track_features = repodata.text(record.record->track_features);
    fields.flags = repodata.text(record.record->flags);
    return query.matches(fields);
}

const ExtraDepends* CondaWorld::extra(RecordId id, std::string_view group) const {
    const auto found = std::ranges::find(records_[id].extras, group, &ExtraDepends::group);
    return found == records_[id].extras.end() ? nullptr : &*found;
}

namespace {

void for_each_spec(const WorldCondition& condition, const auto& visit) {
    if (condition.kind == SpecCondition::Kind::spec) return visit(condition.spec);
    for (const WorldCondition& part : condition.parts) for_each_spec(part, visit);
}

}  // namespace

// The virtual package can hold one version only, the lowest of the fleet; a bound such as `<12` is about all
// of its GPUs.
void CondaWorld::match_fleet(Spec& spec, const std::vector<RecordId>& virtual_packages) const {
    const bool fits = !spec.spec.version || std::ranges::all_of(fleet_, [&](const CondaVersion& gpu) {
        return spec.spec.version->contains(gpu);
    });
    if (fits) spec.candidates = virtual_packages;
}

std::optional<unsigned> CondaWorld::cuda_major_of(RecordId id) const {
    if (records_[id].record == nullptr) return std::nullopt;
    return cuda_major_of_record(name_of(id), version_of(id).text(), records_[id].build);
}

void CondaWorld::expand(const std::vector<SpecId>& roots) {
    std::vector<SpecId> open = roots;
    std::vector<bool> seen(specs_.size(), false);
    const auto visit = [&](SpecId spec) {
        if (spec >= seen.size()) seen.resize(specs_.size(), false);
        if (seen[spec]) return;
        seen[spec] = true;
        open.push_back(spec);
    };
    for (std::size_t next = 0; next < open.size(); ++next) {
        const SpecId asked = open[next];
        // What a condition or constraint names is not reached by it, but must be read before anyone counts
        // records.
        if (const WorldCondition* condition = specs_[asked].condition.get())
            for_each_spec(*condition, [&](SpecId spec) { (void)candidates(spec); });
        for (const RecordId id : candidates(asked)) {
            if (!records_[id].expanded) {
                expand_record(id);
                for (const SpecId spec : records_[id].depends) visit(spec);
                for (const SpecId spec : records_[id].constrains) (void)candidates(spec);
            }
            for (const std::string& group : specs_[asked].spec.extras) {
                const ExtraDepends* extra_depends = extra(id, group);
                if (extra_depends == nullptr) continue;
                for (const SpecId spec : extra_depends->depends) visit(spec);
            }
        }
    }
}

std::span<const SpecId> CondaWorld::intern_list(ChannelIndex& source, TextList list) {
    const std::span<const TextId> texts = source.repodata().list(list);
    if (texts.empty()) return {};
    std::uint32_t& kept = source.list_of(list);
    if (kept != ChannelIndex::none && known_lists_[kept].size() == texts.size()) return known_lists_[kept];
    std::vector<SpecId> specs;
    for (const TextId text : texts) {
        std::uint32_t& known = source.spec_of(text);
        if (known == ChannelIndex::none) known = intern(source.repodata().text(text));
        specs.push_back(known);
    }
    kept = static_cast<std::uint32_t>(known_lists_.size());
    known_lists_.push_back(spec_lists_.add(specs));
    return known_lists_.back();
}

// The list holds a group and a spec by turns.
std::span<const ExtraDepends> CondaWorld::intern_extras(ChannelIndex& source, TextList list) {
    const Repodata& repodata = source.repodata();
    std::vector<ExtraDepends> extras;
    for (std::uint32_t i = 0; i + 1 < list.size;) {
        const TextId group = repodata.lists[list.begin + i];
        std::vector<SpecId> specs;
        for (; i + 1 < list.size && repodata.lists[list.begin + i] == group; i += 2)
            specs.push_back(intern(repodata.text(repodata.lists[list.begin + i + 1])));
        extras.push_back({repodata.text(group), spec_lists_.add(specs)});
    }
    return extra_lists_.add(extras);
}

void CondaWorld::expand_record(RecordId id) {
    WorldRecord& record = records_[id];
    record.expanded = true;
    if (record.record == nullptr) return;
    ChannelIndex& source = sources_[record.source];
    record.depends = intern_list(source, record.record->depends);
    record.constrains = intern_list(source, record.record->constrains);
    if (record.record->extra_depends.size != 0)
        record.extras = intern_extras(source, record.record->extra_depends);
    record.identities = identities_.of(names_[TextId{record.name}], record.name, record.version,
                                       *record.repodata, *record.record);
}

bool CondaWorld::has_name(std::string_view name) {
    const std::uint32_t id = name_id(name);
    load_name(id);
    const auto has_it_unread = [&](const ChannelIndex& source) {
        return std::ranges::binary_search(source.repodata().unread, name);
    };
    return !by_name_[id].records.empty() || std::ranges::any_of(sources_, has_it_unread);
}

std::string CondaWorld::nearest_name(std::string_view name) const {
    NearestName nearest(name);
    for (const ChannelIndex& source : sources_) {
        for (const NameRun& run : source.repodata().names) nearest.consider(source.repodata().text(run.name));
        for (const std::string& unread : source.repodata().unread) nearest.consider(unread);
    }
    return nearest.found();
}

}  // namespace aimlock::engine
