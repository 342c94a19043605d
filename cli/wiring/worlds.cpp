#include "cli/wiring/worlds.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "cli/render/text.hpp"
#include "fetch/conda/channel.hpp"
#include "fetch/conda/repodata.hpp"
#include "fetch/live_metadata.hpp"
#include "fetch/pypi/index_config.hpp"
#include "fetch/read_name_map.hpp"
#include "fetch/url.hpp"
#include "lock/manifest/source_project.hpp"
#include "solver/engine/cuda_index.hpp"
#include "solver/engine/solve.hpp"
#include "solver/engine/specs_to_read.hpp"
#include "solver/spec/direct_url.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

bool wants_pypi(const Request& request) {
    return std::ranges::any_of(request.targets,
                               [](const TargetRequest& target) { return !target.pypi.empty(); });
}

bool is_server(const std::string& place) {
    return is_url(place) && !is_file_url(place);
}

bool wants_conda(const Request& request) {
    return std::ranges::any_of(request.targets,
                               [](const TargetRequest& target) { return !target.conda.empty(); });
}

/// One channel as written and where it is; `defaults` is several.
struct WrittenChannel {
    std::string written;
    ChannelAddress address;
};

Result<std::vector<WrittenChannel>> resolve_channels(const Asked& asked, const std::string& alias) {
    std::vector<WrittenChannel> all;
    for (const std::string& written : asked.request.channels) {
        auto addresses = resolve_channel(written, alias, asked.folder);
        if (!addresses) return tl::make_unexpected(std::move(addresses).error());
        for (ChannelAddress& address : *addresses) all.push_back({written, std::move(address)});
    }
    return all;
}

std::string origin_of(const std::string& url) {
    const auto parts = split_url(url);
    return parts ? parts->origin() : std::string();
}

/// A channel whose owner asks for acceptance of terms is read only when the request says that they were
/// accepted.
Result<void> check_terms(const std::vector<WrittenChannel>& channels,
                         const Asked& asked,
                         const std::string& alias) {
    const auto owned = resolve_channel("defaults", alias);
    if (!owned || owned->empty()) return {};
    const std::string owner = origin_of(owned->front().url);
    for (const WrittenChannel& channel : channels) {
        const auto& accepted = asked.request.accept_terms;
        if (origin_of(channel.address.url) != owner) continue;
        const auto names_it = [&](const std::string& name) {
            return name == channel.written || name == channel.address.name || name == "defaults";
        };
        if (std::ranges::any_of(accepted, names_it)) continue;
        return fail(
            ErrorCode::refused,
            fmt::format("the owner of channel `{}` asks for acceptance of its terms", channel.written),
            "read them, then write `accept-terms = [\"defaults\"]` into [workspace] of the manifest");
    }
    return {};
}

/// How the lock writes a channel: as the request does, but a relative path as seen from the lock.
SourceInUse source_of(const WrittenChannel& channel, const Channel& read, const Asked& asked) {
    SourceInUse in_use;
    in_use.source.kind = PackageKind::conda;
    in_use.source.name = read.name;
    in_use.source.url = read.url;
    if (!is_file_url(read.url)) return in_use;
    in_use.resolved_url = read.url;
    if (is_url(channel.written)) return in_use;
    in_use.source.url = channel.written;
    const fs::path lock_folder = asked.lock_file.parent_path();
    if (fs::path(channel.written).is_absolute() || lock_folder == asked.folder) return in_use;
    std::error_code failed;
    const fs::path seen =
        fs::proximate(path_of_file_url(read.url), fs::absolute(lock_folder, failed), failed);
    if (!failed && !seen.empty()) in_use.source.url = seen.string();
    return in_use;
}

/// How the lock writes a folder of pages or of wheels: as the request does, but a relative path as seen from
/// the lock.
SourceInUse source_of_folder(const std::string& written, const fs::path& folder, const Asked& asked) {
    const fs::path real = fs::absolute(folder).lexically_normal();
    SourceInUse in_use;
    in_use.resolved_url = file_url_of(real);
    std::string url = written;
    if (!is_url(written) && !fs::path(written).is_absolute()) {
        const fs::path lock_folder = fs::absolute(asked.lock_file).lexically_normal().parent_path();
        url = real.lexically_proximate(lock_folder).string();
    }
    in_use.source = LockSource{PackageKind::pypi, url, url, {}};
    return in_use;
}

/// What to read, of channels that are read in part as well.
ChannelReading reading_of(const Asked& asked,
                          const std::string& alias,
                          const NameMap& name_map,
                          bool to_explain) {
    ChannelReading reading;
    reading.channels = asked.request.channels;
    reading.alias = alias;
    reading.base_folder = asked.folder;
    reading.name_map = &name_map;
    reading.to_explain = to_explain;
    std::map<std::string, std::vector<MatchSpec>> specs;
    std::set<std::string> locked;
    for (const TargetRequest& target : asked.request.targets) {
        std::vector<MatchSpec>& of_platform = specs[target.target.platform];
        for (MatchSpec& spec : engine::specs_to_read(target, name_map, to_explain))
            of_platform.push_back(std::move(spec));
        for (const PreferredVersion& version : target.preferred) {
            if (version.kind == PackageKind::conda) locked.insert(version.name);
        }
    }
    for (auto& [platform, of_platform] : specs) {
        reading.platforms.push_back(platform);
        reading.asked.push_back({platform, std::move(of_platform)});
    }
    reading.likely_names.assign(locked.begin(), locked.end());
    return reading;
}

std::string alias_of(const Worlds& worlds, const Asked& asked) {
    return channel_alias(worlds.session->options().environment, asked.channel_alias);
}

Result<void> read_all_channels(Worlds& worlds, const Asked& asked, bool to_explain, Console& console) {
    const std::string alias = alias_of(worlds, asked);
    Progress& progress = console.progress();
    progress.begin("Reading", 0, false);
    progress.status(counted(asked.request.channels.size(), "channel"));
    auto channels =
        read_channels(*worlds.session, reading_of(asked, alias, worlds.name_map, to_explain), console);
    progress.end();
    if (!channels) return tl::make_unexpected(std::move(channels).error());
    worlds.channels = std::move(*channels);
    return {};
}

/// The channels of the request in its order, whatever others they brought.
void name_sources(Worlds& worlds, const std::vector<WrittenChannel>& written, const Asked& asked) {
    std::size_t head = 0;
    for (const Channel& channel : worlds.channels) {
        if (channel.is_head) {
            worlds.sources.push_back(source_of(written[head++], channel, asked));
        } else {
            worlds.brought.push_back(source_of({channel.url, {}}, channel, asked));
        }
    }
}

Result<void> read_map(Worlds& worlds,
                      const std::vector<WrittenChannel>& channels,
                      const Asked& asked,
                      Console& console) {
    std::vector<std::string> addresses;
    for (const WrittenChannel& channel : channels) addresses.push_back(channel.address.url);
    auto map = read_name_map(*worlds.session, asked.name_map, addresses);
    if (!map) return tl::make_unexpected(std::move(map).error());
    worlds.name_map = std::move(*map);
    if (worlds.name_map.is_built_in() && !channels.empty() && wants_pypi(asked.request)) {
        console.write(LogLevel::note,
                      "no name map is given: conda and PyPI packages of equal names are taken for the same");
    }
    return {};
}

/// Channels, where conda is asked for anything: they answer nothing else.
Result<void> read_conda(Worlds& worlds, const Asked& asked, Console& console) {
    if (!wants_conda(asked.request)) return read_map(worlds, {}, asked, console);
    const std::string alias = alias_of(worlds, asked);
    const auto written = resolve_channels(asked, alias);
    if (!written) return tl::make_unexpected(written.error());
    if (auto checked = check_terms(*written, asked, alias); !checked) return checked;
    if (auto read = read_map(worlds, *written, asked, console); !read) return read;
    if (auto read = read_all_channels(worlds, asked, false, console); !read) return read;
    name_sources(worlds, *written, asked);
    return {};
}

/// The indexes to ask, with the credentials that they were written with.
std::vector<std::string> indexes_of(const Asked& asked, const Environment& environment) {
    std::vector<std::string> indexes = index_addresses(asked.request.indexes, environment);
    if (asked.user_index_last) {
        for (std::string& own : index_addresses({}, environment)) indexes.push_back(std::move(own));
    }
    return indexes;
}

/// What a target asks for, as far as it decides which pages are needed.
std::string hint_of(const TargetRequest& target) {
    std::string hint = target.target.platform + "\n";
    for (const PypiRoot& root : target.pypi) hint += root.written + "\n";
    return hint;
}

/// What one target asks: its own wheels, the indexes that are for it, the pins of its own requirements.
LiveMetadataOptions options_for(const TargetRequest& target,
                                const std::vector<std::string>& indexes,
                                const Asked& asked,
                                const Worlds& worlds) {
    LiveMetadataOptions options;
    options.indexes = indexes_for(target.target, indexes);
    options.keep = wheel_filter({target}, worlds.channels);
    options.exclude_newer_ms = asked.request.options.exclude_newer_ms;
    for (const std::string& place : asked.request.find_links) {
        if (is_server(place)) continue;
        options.find_links.push_back(is_url(place) ? place : (asked.folder / place).string());
    }
    options.link_pages = worlds.link_pages;
    for (const PypiRoot& root : target.pypi) {
        if (root.index) options.pins[root.requirement.name] = *root.index;
        if (!root.requirement.url) continue;
        if (auto address = DirectUrl::parse(*root.requirement.url))
            options.direct.emplace(root.requirement.name, *std::move(address));
    }
    options.sources = asked.request.options.sources;
    options.read_project = read_source_project;
    options.hint = hint_of(target);
    return options;
}

/// Folders of wheels, and servers' pages of links, which are read now: once for all targets.
Result<void> prepare_find_links(Worlds& worlds, const Asked& asked) {
    for (const std::string& place : asked.request.find_links) {
        if (!is_server(place)) {
            const fs::path folder = is_file_url(place) ? path_of_file_url(place) : asked.folder / place;
            worlds.sources.push_back(source_of_folder(place, folder, asked));
            continue;
        }
        if (!wants_pypi(asked.request)) continue;
        auto page = read_link_page(*worlds.session, worlds.session->learn(place));
        if (!page) return tl::make_unexpected(std::move(page).error());
        const std::string& host = (*page)->origin;
        worlds.sources.push_back({LockSource{PackageKind::pypi, host, host, {}}, {}});
        worlds.link_pages.push_back(*std::move(page));
    }
    return {};
}

Result<void> prepare_indexes(Worlds& worlds, const Asked& asked, Console& console) {
    const std::vector<std::string> indexes = indexes_of(asked, worlds.session->options().environment);
    std::vector<std::string> in_order = indexes;
    std::set<std::string> named(indexes.begin(), indexes.end());
    for (const TargetRequest& target : asked.request.targets) {
        for (const PypiRoot& root : target.pypi) {
            if (root.index && named.insert(*root.index).second) in_order.push_back(*root.index);
        }
    }
    if (wants_pypi(asked.request) && in_order.empty()) {
        return fail(ErrorCode::usage,
                    "no PyPI index is known: none is configured for pip or uv, and this build has no default",
                    "give one with `--index URL`");
    }
    for (const std::string& index : in_order) {
        if (!is_url(index)) {
            worlds.sources.push_back(source_of_folder(index, index, asked));
            continue;
        }
        const std::string url = worlds.session->learn(index);
        worlds.sources.push_back({LockSource{PackageKind::pypi, url, url, {}}, {}});
    }
    if (auto read = prepare_find_links(worlds, asked); !read) return read;
    for (const TargetRequest& target : asked.request.targets) {
        for (const PypiRoot& root : target.pypi) {
            const auto address = DirectUrl::parse(root.requirement.url.value_or(std::string()));
            if (!address || !named.insert(address->place()).second) continue;
            worlds.sources.push_back(
                {LockSource{PackageKind::pypi, address->place(), address->place(), {}}, {}});
        }
    }
    for (const TargetRequest& target : asked.request.targets) {
        LiveMetadataOptions options = options_for(target, indexes, asked, worlds);
        for (const std::string& index : indexes) {
            if (std::ranges::find(options.indexes, index) != options.indexes.end()) continue;
            console.write(LogLevel::note,
                          fmt::format("target {} does not ask the index {}: it is not for {}",
                                      target.target.name, shown_url(index),
                                      target.target.cuda ? "CUDA " + *target.target.cuda
                                                         : std::string("machines without a driver")));
        }
        worlds.by_target.push_back(std::make_unique<WatchedSource>(
            std::make_unique<LiveMetadata>(*worlds.session, std::move(options))));
    }
    return {};
}

}  // namespace

Arrival WatchedSource::wait() {
    Arrival arrival = inner_->wait();
    if (const auto* page = std::get_if<PageArrived>(&arrival)) {
        had_a_page_ = had_a_page_ || (page->page && page->page->exists);
    }
    return arrival;
}

bool can_be_explained(const Worlds& worlds) {
    return std::ranges::all_of(worlds.channels, &Channel::is_whole);
}

Result<void> read_to_explain(Worlds& worlds, const Asked& asked, Console& console) {
    return read_all_channels(worlds, asked, true, console);
}

Result<void> check_indexes(Worlds& worlds) {
    const auto found_something = [](const auto& source) { return !source->found_nothing(); };
    if (std::ranges::any_of(worlds.by_target, found_something)) return {};
    for (const SourceInUse& in_use : worlds.sources) {
        const std::string& url = in_use.source.url;
        if (in_use.source.kind != PackageKind::pypi || !is_url(url) || is_file_url(url)) continue;
        DocumentRequest request;
        request.url = url + (url.ends_with('/') ? "" : "/");
        request.accept = "text/html";
        request.body_cap = 1U << 16U;  // a public index lists all its names: enough to know that it is there
        const auto root = worlds.session->get(std::move(request));
        if (root && !root->exists) {
            return fail(ErrorCode::not_found,
                        fmt::format("index {}: the server does not have it", shown_url(url)),
                        "check the address of the index: it ends in `/simple` on most servers");
        }
    }
    return {};
}

namespace {

// AIMLOCK_CONNECTIONS, for servers that mind many connections or need more of them; 0: as measured best.
Result<unsigned> connections_per_host(const Environment& environment) {
    const auto written = environment.get("AIMLOCK_CONNECTIONS");
    if (!written) return 0U;
    unsigned connections = 0;
    const char* end = written->data() + written->size();
    const auto parsed = std::from_chars(written->data(), end, connections);
    if (parsed.ec != std::errc{} || parsed.ptr != end || connections < 1 || connections > 64) {
        return fail(ErrorCode::usage,
                    fmt::format("AIMLOCK_CONNECTIONS is `{}`, which is no number from 1 to 64", *written));
    }
    return connections;
}

}  // namespace

Result<std::unique_ptr<Worlds>> open_worlds(const Asked& asked, Console& console) {
    auto worlds = std::make_unique<Worlds>();
    FetchOptions options;
    options.environment = Environment::of_process();
    options.offline = console.options().offline;
    options.refresh = console.options().refresh;
    if (options.offline && options.refresh)
        return fail(ErrorCode::usage, "`--offline` and `--refresh` go against each other");
    options.mirrors = asked.request.mirrors;
    auto connections = connections_per_host(options.environment);
    if (!connections) return tl::make_unexpected(std::move(connections).error());
    options.connections = *connections;
    worlds->session = std::make_unique<FetchSession>(std::move(options), console);
    if (auto read = read_conda(*worlds, asked, console); !read) return tl::make_unexpected(read.error());
    if (auto ready = prepare_indexes(*worlds, asked, console); !ready)
        return tl::make_unexpected(ready.error());
    return worlds;
}

}  // namespace aimlock::cli
