#include "lock/make_lock.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "lock/address.hpp"
#include "lock/freshness.hpp"
#include "lock/instant.hpp"
#include "lock/lock_lines.hpp"

namespace aimlock {
namespace {

/// Text that others wrote, fit to stand in a lock: no control characters, valid UTF-8.
std::string cleaned(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        const auto byte = static_cast<unsigned char>(text.front());
        if (length == 0) {
            out += "\xef\xbf\xbd";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += ' ';
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

/// `%20` and the like read, for comparing a file URL with a path.
std::string percent_decoded(std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto value = [](char c) {
        return digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && value(text[i + 1]) < 16 && value(text[i + 2]) < 16) {
            out += static_cast<char>(value(text[i + 1]) * 16 + value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string file_path(std::string_view url) {
    const Address address = split_address(url);
    return address.scheme == "file" ? percent_decoded(address.path) : std::string(url);
}

/// The sources of a lock, in use while its packages are entered.
class Sources {
public:
    Result<void> add(const SourceInUse& in_use) {
        LockSource source = in_use.source;
        source.url = without_secrets(without_trailing_slash(source.url));
        source.name = name_of(source.kind, source.name);
        if (source.url.find_first_of(" \\") != std::string::npos) {
            return fail(ErrorCode::usage,
                        "`" + source.url + "`: a lock names no path with a blank or a backslash",
                        "rename the folder, or name a link to it");
        }
        for (const Entry& known : entries_) {
            if (known.source.kind != source.kind || known.source.name != source.name) continue;
            if (known.source.url == source.url) return {};
            return fail(
                ErrorCode::usage,
                "`" + known.source.url + "` and `" + source.url + "` are both known as `" + source.name + "`",
                "remove one of them, or rename its folder");
        }
        std::string folder =
            file_path(without_trailing_slash(in_use.resolved_url.empty() ? source.url : in_use.resolved_url));
        entries_.push_back({std::move(source), std::move(folder)});
        return {};
    }

    /// Makes `package` say where it comes from in the lock's terms: source known, no secrets, paths as the
    /// manifest writes them.
    Result<void> enter(Package& package) {
        package.origin = name_of(package.kind, package.origin);
        const std::string origin_folder = file_path(package.origin);
        auto entry = std::ranges::find_if(entries_, [&](const Entry& candidate) {
            return candidate.source.kind == package.kind &&
                   (candidate.source.name == package.origin || candidate.folder == origin_folder);
        });
        if (entry == entries_.end()) {
            return fail(ErrorCode::internal,
                        package.name + " comes from `" + package.origin + "`, which is no source");
        }
        // The address of a repository holds no secret, but it may hold the user that ssh wants.
        const bool git = package.artifact == ArtifactKind::git;
        if (!git) package.url = without_secrets(package.url);
        const Address address = split_address(package.url);
        if (git && address.scheme == "git+file") {
            package.origin = entry->source.name;
            return {};
        }
        if (is_web(address) || git) {
            package.origin = entry->source.name;
            entry->hosts.insert(std::string(address.host));
            return {};
        }
        const std::string path = file_path(package.url);
        const auto holds_it = [&](const Entry& candidate) {
            return candidate.source.kind == package.kind && path.starts_with(candidate.folder + "/");
        };
        // A wheel may lie in a folder beside the index that has its name.
        if (package.kind == PackageKind::pypi && !holds_it(*entry))
            entry = std::ranges::find_if(entries_, holds_it);
        if (entry == entries_.end())
            return fail(ErrorCode::repodata, package.url + " is in no folder of wheels of this request",
                        "name its folder in `find-links` or with `--find-links`");
        package.origin = entry->source.name;
        if (!holds_it(*entry)) {
            return fail(ErrorCode::repodata, package.url + " is outside of its channel " + entry->folder);
        }
        package.url = entry->source.url + path.substr(entry->folder.size());
        return {};
    }

    [[nodiscard]] std::vector<LockSource> taken() const {
        std::vector<LockSource> sources;
        for (const Entry& entry : entries_) {
            LockSource source = entry.source;
            std::set<std::string> hosts = entry.hosts;
            hosts.insert(source.hosts.begin(), source.hosts.end());
            source.hosts.assign(hosts.begin(), hosts.end());
            sources.push_back(std::move(source));
        }
        return sources;
    }

private:
    struct Entry {
        LockSource source;
        std::string folder;                ///< where a channel of files really is
        std::set<std::string> hosts = {};  ///< that packages come from
    };

    static std::string name_of(PackageKind kind, std::string_view name) {
        if (kind == PackageKind::conda) return std::string(name);
        return without_secrets(without_trailing_slash(name));
    }

    std::vector<Entry> entries_;
};

LockTarget lock_target(const Solution& solution) {
    LockTarget target{solution.target.name,
                      solution.target.platform,
                      solution.target.virtual_packages(),
                      solution.target.cuda_arch,
                      solution.python_version,
                      {},
                      solution.cuda};
    if (solution.python_version.empty()) return target;
    for (const Package& package : solution.packages) {
        if (package.kind == PackageKind::conda && package.name == "python") {
            target.python_site_packages_path = package.python_site_packages_path;
        }
    }
    if (!target.python_site_packages_path.empty()) return target;
    const std::string& full = solution.python_version;
    const std::string minor = full.substr(0, full.find('.', full.find('.') + 1));
    target.python_site_packages_path =
        target.platform.starts_with("win-") ? "Lib/site-packages" : "lib/python" + minor + "/site-packages";
    return target;
}

Result<Package> entered(Package package, Sources& sources) {
    if (!package.sha256.known()) {
        return fail(ErrorCode::integrity,
                    package.name + " " + package.version + " has no sha256: " + package.url,
                    "ask the owner of `" + package.origin + "` to publish one");
    }
    package.license = cleaned(package.license);
    for (std::string& text : package.depends) text = cleaned(text);
    for (std::string& text : package.constrains) text = cleaned(text);
    for (std::string& text : package.build_requires) text = cleaned(text);
    if (Result<void> source = sources.enter(package); !source)
        return tl::make_unexpected(std::move(source).error());
    return package;
}

auto sort_key(const LockPackage& locked) {
    const Package& package = locked.package;
    return std::tie(package.kind, package.name, package.version, package.build, package.url, locked.targets);
}

/// Adds the packages of one target, each to the entry of an equal one where there is one.
Result<void> enter_packages(const Solution& solution,
                            Sources& sources,
                            Lock& lock,
                            std::map<std::string, std::vector<std::size_t>>& by_url) {
    for (const Package& chosen : solution.packages) {
        Result<Package> package = entered(chosen, sources);
        if (!package) return tl::make_unexpected(std::move(package).error());
        std::vector<std::size_t>& same_url = by_url[package->url];
        const auto same = std::ranges::find_if(
            same_url, [&](std::size_t index) { return lock.packages[index].package == *package; });
        if (same != same_url.end()) {
            lock.packages[*same].targets.push_back(solution.target.name);
        } else {
            same_url.push_back(lock.packages.size());
            lock.packages.push_back({*std::move(package), {solution.target.name}});
        }
    }
    return {};
}

}  // namespace

Result<Lock> make_lock(const LockParts& parts) {
    Lock lock;

    // What was asked.
    const SolveOptions& options = parts.request.options;
    lock.inputs = request_digest(parts.request);
    lock.name_map = parts.name_map;
    lock.base = parts.base;
    lock.channel_priority = word_of(options.channel_priority);
    lock.prerelease = word_of(options.prerelease);
    lock.resolution = word_of(options.resolution);
    if (options.exclude_newer_ms) lock.exclude_newer = instant_text(*options.exclude_newer_ms);
    LockRoots asked = lock_roots(parts.request);
    lock.roots = std::move(asked.roots);
    lock.constraints = std::move(asked.constraints);

    // Where the answer comes from.
    Sources sources;
    for (const SourceInUse& source : parts.sources) {
        if (Result<void> added = sources.add(source); !added)
            return tl::make_unexpected(std::move(added).error());
    }

    // The answer, target by target in the request's order.
    std::map<std::string, std::vector<std::size_t>> by_url;
    for (const TargetRequest& target : parts.request.targets) {
        const auto solution = std::ranges::find_if(parts.solutions, [&target](const Solution& candidate) {
            return candidate.target.name == target.target.name;
        });
        if (solution == parts.solutions.end()) {
            return fail(ErrorCode::internal, "target `" + target.target.name + "` has no solution");
        }
        lock.targets.push_back(lock_target(*solution));
        Result<void> packages = enter_packages(*solution, sources, lock, by_url);
        if (!packages) return tl::make_unexpected(std::move(packages).error());
    }

    // One order, whatever the order of replies was.
    for (LockPackage& locked : lock.packages) std::ranges::sort(locked.targets);
    std::ranges::sort(lock.packages, {}, sort_key);
    std::ranges::sort(lock.targets, {}, &LockTarget::name);
    lock.sources = sources.taken();
    // With nothing from PyPI, the index is only what this machine would have asked.
    const auto from_pypi = [](const LockPackage& locked) { return locked.package.kind == PackageKind::pypi; };
    if (std::ranges::none_of(lock.packages, from_pypi)) {
        std::erase_if(lock.sources,
                      [](const LockSource& source) { return source.kind == PackageKind::pypi; });
    }
    return lock;
}

}  // namespace aimlock
