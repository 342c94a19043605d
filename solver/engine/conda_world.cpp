#include "solver/engine/conda_world.hpp"

#include <algorithm>
#include <tuple>

#include "solver/spec/package_name.hpp"

namespace aimlock::engine {
namespace {

/// conda versions use `_` where PyPI uses other separators: 1.2.3_4.
std::optional<Pep440Version> as_pep440(std::string_view conda_version) {
    std::string text(conda_version);
    std::ranges::replace(text, '_', '.');
    auto version = Pep440Version::parse(text);
    return version ? std::optional(*std::move(version)) : std::nullopt;
}

/// `pkg:pypi/name@version?…` -> name and version; nullopt for another type.
std::optional<std::pair<std::string, std::string>> parse_pypi_purl(std::string_view purl) {
    constexpr std::string_view scheme = "pkg:pypi/";
    if (!purl.starts_with(scheme)) return std::nullopt;
    purl.remove_prefix(scheme.size());
    purl = purl.substr(0, purl.find_first_of("?#"));
    const std::size_t at = purl.find('@');
    return std::pair(normalize_pypi_name(purl.substr(0, at)),
                     std::string(at == std::string_view::npos ? std::string_view{} : purl.substr(at + 1)));
}

}  // namespace

CondaWorld::CondaWorld(const std::vector<Channel>& channels,
                       const Target& target,
                       const SolveOptions& options,
                       const NameMap& name_map,
                       const std::vector<CondaRoot>& roots)
    : channels_(&channels), name_map_(&name_map), options_(options), by_name_(1), specs_(1) {
    specs_[0].valid = false;
    for (const Channel& channel : channels) {
        for (const Repodata& repodata : channel.subdirs) {
            auto& by_name = index_[&repodata];
            for (std::uint32_t i = 0; i < repodata.records.size(); ++i) {
                by_name[repodata.records[i].name.index].push_back(i);
            }
        }
    }
    for (const CondaRoot& root : roots) {
        if (root.spec.channel) pinned_channel_.emplace(root.spec.name, *root.spec.channel);
    }
    for (const VirtualPackage& package : target.virtual_packages()) add_virtual(package);
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
    for (std::uint32_t c = 0; c < channels_->size(); ++c) {
        const Channel& channel = (*channels_)[c];
        if (pin != pinned_channel_.end() && pin->second != channel.name && pin->second != channel.url)
            continue;
        bool found = false;
        for (const Repodata& repodata : channel.subdirs) {
            const auto id = repodata.texts.find(text);
            if (!id) continue;
            const auto& by_name = index_.at(&repodata);
            const auto records = by_name.find(id->index);
            if (records == by_name.end()) continue;
            found = true;
            for (const std::uint32_t i : records->second) add_record(name, repodata, repodata.records[i], c);
        }
        if (found && options_.channel_priority == ChannelPriority::strict) break;
    }
}

void CondaWorld::add_record(std::uint32_t name,
                            const Repodata& repodata,
                            const CondaRecord& record,
                            std::uint32_t channel) {
    const auto version = version_id(repodata.text(record.version));
    if (!version) return;  // a version that no spec can be compared with can never be asked for
    if (options_.exclude_newer_ms && record.timestamp_ms != 0 &&
        static_cast<std::int64_t>(record.timestamp_ms) >= *options_.exclude_newer_ms) {
        return;
    }
    WorldRecord added;
    added.repodata = &repodata;
    added.record = &record;
    added.channel = channel;
    added.name = name;
    added.version = *version;
    added.build = repodata.text(record.build);
    records_.push_back(std::move(added));
    by_name_[name].records.push_back(static_cast<RecordId>(records_.size() - 1));
}

SpecId CondaWorld::intern(std::string_view text) {
    const SpecId id = spec_texts_.intern(text).index;
    if (id < specs_.size()) return id;
    Spec added;
    if (auto spec = MatchSpec::parse(text)) {
        added.spec = *std::move(spec);
    } else {
        added.valid = false;
        added.spec.name = std::string(match_spec_name(text));
    }
    specs_.push_back(std::move(added));
    return id;
}

SpecId CondaWorld::intern(const MatchSpec& spec) {
    const std::string text = spec.text();
    const SpecId id = spec_texts_.intern(text).index;
    if (id < specs_.size()) return id;
    specs_.push_back(Spec{spec, true, false, {}});
    return id;
}

const std::vector<RecordId>& CondaWorld::candidates(SpecId id) {
    if (!specs_[id].matched) match(specs_[id]);
    return specs_[id].candidates;
}

void CondaWorld::match(Spec& spec) {
    spec.matched = true;
    if (!spec.valid) return;
    const std::uint32_t name = name_id(spec.spec.name);
    load_name(name);
    const MatchSpec& query = spec.spec;
    // Nearly every dependency asks for a version and perhaps a build: those are matched field by field, each
    // distinct version once. Anything else goes the general way.
    const bool plain = !query.build_number && !query.channel && !query.subdir && !query.file_name &&
                       !query.url && !query.md5 && !query.sha256 && !query.license && !query.license_family &&
                       query.track_features.empty();
    std::unordered_map<std::uint32_t, bool> version_fits;
    for (const RecordId id : by_name_[name].records) {
        const WorldRecord& record = records_[id];
        if (query.version) {
            const auto [entry, is_new] = version_fits.try_emplace(record.version, false);
            if (is_new) entry->second = query.version->contains(versions_[record.version]);
            if (!entry->second) continue;
        }
        if (query.build && !query.build->matches(record.build)) continue;
        if (!plain) {
            MatchFields fields;
            fields.name = names_[TextId{record.name}];
            fields.version = &versions_[record.version];
            fields.build = record.build;
            std::string sha256;
            std::string url;
            if (record.record != nullptr) {
                const Repodata& repodata = *record.repodata;
                fields.build_number = record.record->build_number;
                fields.channel = query.channel && *query.channel == (*channels_)[record.channel].url
                                     ? std::string_view(*query.channel)
                                     : std::string_view(repodata.channel);
                fields.subdir = repodata.subdir;
                fields.file_name = repodata.text(record.record->file_name);
                url = repodata.base_url + std::string(fields.file_name);
                fields.url = url;
                fields.md5 = repodata.text(record.record->md5);
                if (record.record->sha256.known()) sha256 = record.record->sha256.hex();
                fields.sha256 = sha256;
                fields.license = repodata.text(record.record->license);
                fields.track_features = repodata.text(record.record->track_features);
            }
            if (!query.matches(fields)) continue;
        }
        spec.candidates.push_back(id);
    }
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
        const std::vector<RecordId> found = candidates(open[next]);  // a copy: specs_ grows below
        for (const RecordId id : found) {
            if (records_[id].expanded) continue;
            expand_record(id);
            for (const SpecId spec : records_[id].depends) visit(spec);
            // A constraint reaches nothing, but its name's records must be read before anyone counts records.
            const std::vector<SpecId> constrains = records_[id].constrains;
            for (const SpecId spec : constrains) (void)candidates(spec);
        }
    }
}

void CondaWorld::expand_record(RecordId id) {
    WorldRecord& record = records_[id];
    record.expanded = true;
    const Repodata& repodata = *record.repodata;
    for (const TextId text : repodata.list(record.record->depends))
        record.depends.push_back(intern(repodata.text(text)));
    for (const TextId text : repodata.list(record.record->constrains)) {
        record.constrains.push_back(intern(repodata.text(text)));
    }
    record.identities = identities_of(record);
}

std::vector<Identity> CondaWorld::identities_of(const WorldRecord& record) {
    std::vector<Identity> identities;
    const Repodata& repodata = *record.repodata;
    const std::string_view conda_name = names_[TextId{record.name}];
    if (conda_name == "python") return identities;
    const std::string_view conda_version = repodata.text(record.record->version);
    const auto purls = repodata.list(record.record->purls);
    const auto add = [&](const std::string& name, std::string_view version) {
        if (auto parsed = as_pep440(version)) identities.push_back({name, *std::move(parsed)});
    };
    if (!purls.empty()) {
        for (const TextId purl : purls) {
            if (const auto found = parse_pypi_purl(repodata.text(purl))) {
                add(found->first, found->second.empty() ? conda_version : std::string_view(found->second));
            }
        }
        return identities;
    }
    const std::vector<std::string> mapped = name_map_->pypi_names(conda_name);
    for (const std::string& name : mapped) {
        if (mapped.size() == 1 || carries(conda_name, name)) add(name, conda_version);
    }
    return identities;
}

// Name maps list vendored distributions too (setuptools -> platformdirs). A conda package is believed to
// carry a distribution of another name only where no package of that distribution's own name carries it, or
// where that package is a wrapper which depends on this one (nbconvert -> nbconvert-core).
bool CondaWorld::carries(std::string_view conda_name, const std::string& pypi_name) {
    if (normalize_pypi_name(conda_name) == pypi_name) return true;
    const auto [entry, is_new] = carries_.try_emplace({std::string(conda_name), pypi_name}, false);
    if (!is_new) return entry->second;
    bool has_own = false;
    for (const std::string& other : name_map_->conda_names(pypi_name)) {
        if (other == conda_name || normalize_pypi_name(other) != pypi_name) continue;
        has_own = true;
        for (const auto& [repodata, by_name] : index_) {
            const auto id = repodata->texts.find(other);
            if (!id || !by_name.contains(id->index)) continue;
            for (const std::uint32_t i : by_name.at(id->index)) {
                for (const TextId depends : repodata->list(repodata->records[i].depends)) {
                    if (match_spec_name(repodata->text(depends)) == conda_name) return entry->second = true;
                }
            }
        }
    }
    return entry->second = !has_own;
}

bool CondaWorld::has_name(std::string_view name) {
    const std::uint32_t id = name_id(name);
    load_name(id);
    return !by_name_[id].records.empty();
}

std::string CondaWorld::nearest_name(std::string_view name) const {
    std::string nearest;
    std::size_t best = name.size() < 5 ? 1 : 2;  // at most so many edits
    for (const auto& [repodata, by_name] : index_) {
        for (const auto& [id, unused] : by_name) {
            const std::string_view candidate = repodata->texts[TextId{id}];
            const std::size_t longer = std::max(candidate.size(), name.size());
            if (longer - std::min(candidate.size(), name.size()) > best) continue;
            const std::size_t distance = edit_distance(candidate, name);
            if (distance > best || (distance == best && !nearest.empty() && nearest <= candidate)) continue;
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

bool CondaWorld::better(RecordId a, RecordId b, bool lowest) const {
    const WorldRecord& x = records_[a];
    const WorldRecord& y = records_[b];
    if (x.record == nullptr || y.record == nullptr) return a < b;
    if (options_.channel_priority != ChannelPriority::disabled && x.channel != y.channel)
        return x.channel < y.channel;
    const bool x_tracks = x.record->track_features.index != 0;
    const bool y_tracks = y.record->track_features.index != 0;
    if (x_tracks != y_tracks) return y_tracks;
    if (x.version != y.version) {
        const auto order = versions_[x.version] <=> versions_[y.version];
        if (order != 0) return lowest ? order < 0 : order > 0;
    }
    const auto key = [](const WorldRecord& r) {
        return std::tuple(r.record->build_number, r.record->timestamp_ms);
    };
    if (key(x) != key(y)) return key(x) > key(y);
    return x.repodata->text(x.record->file_name) < y.repodata->text(y.record->file_name);
}

}  // namespace aimlock::engine
