#include "lock/lock_rules.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "lock/address.hpp"

namespace aimlock {
namespace {

using Broken = std::optional<BrokenRule>;

/// True for text that may become part of a path or a terminal line: ASCII letters, digits and `allowed`; no
/// path of dots.
bool is_plain(std::string_view text, std::string_view allowed) {
    const bool plain = std::ranges::all_of(text, [allowed](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               allowed.find(c) != std::string_view::npos;
    });
    return plain && !text.empty() && text.find_first_not_of('.') != std::string_view::npos;
}

/// How a git repository is reached: of `git+https://…` the "https"; empty: no repository.
std::string_view git_transport(const Address& address) {
    constexpr std::string_view git = "git+";
    return address.scheme.starts_with(git) ? address.scheme.substr(git.size()) : std::string_view{};
}

/// What is wrong with an address in a lock; empty: nothing.
std::string_view address_fault(std::string_view text) {
    const Address address = split_address(text);
    if (text.empty()) return "address is empty";
    const std::string_view transport = git_transport(address);
    // ssh knows no other way to say whose key it is; that is no secret.
    const bool ssh_user = transport == "ssh" && address.userinfo.find(':') == std::string_view::npos;
    if (!address.userinfo.empty() && !ssh_user) return "address holds a user name or password";
    if (!transport.empty() && transport != "https" && transport != "ssh" && transport != "file")
        return "address of a repository is neither https, ssh nor a file";
    if (!address.scheme.empty() && !is_web(address) && address.scheme != "file" && transport.empty())
        return "address is neither http(s), oci nor a file";
    if ((is_web(address) || (!transport.empty() && transport != "file")) && address.host.empty())
        return "address has no host";
    if (text.find('\\') != std::string_view::npos || text.find(' ') != std::string_view::npos) {
        return "address holds a blank or backslash";
    }
    // conda's way to put a secret into a path.
    if (is_web(address) && address.path.starts_with("/t/")) return "address holds an access token";
    return {};
}

bool has_path_of(std::string_view url, std::string_view folder) {
    folder = without_trailing_slash(folder);
    const bool inside = url.starts_with(folder) && url.substr(folder.size()).starts_with('/');
    return inside && url.substr(folder.size()).find("/../") == std::string_view::npos;
}

Broken check_sources(const Lock& lock) {
    std::set<std::pair<PackageKind, std::string>> seen;
    for (std::size_t i = 0; i < lock.sources.size(); ++i) {
        const LockSource& source = lock.sources[i];
        if (const std::string_view fault = address_fault(source.url); !fault.empty()) {
            return BrokenRule{"source", i, "url", std::string(fault), {}};
        }
        if (!seen.emplace(source.kind, source.name).second) {
            return BrokenRule{"source", i, "name", "source `" + source.name + "` stands twice", {}};
        }
        if (!std::ranges::is_sorted(source.hosts))
            return BrokenRule{"source", i, "hosts", "hosts are not sorted", {}};
    }
    return std::nullopt;
}

Broken check_targets(const Lock& lock) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < lock.targets.size(); ++i) {
        const LockTarget& target = lock.targets[i];
        if (!is_plain(target.name, "-_.")) return BrokenRule{"target", i, "name", "not a target's name", {}};
        if (!is_plain(target.platform, "-_"))
            return BrokenRule{"target", i, "platform", "not a platform", {}};
        if (!seen.insert(target.name).second) {
            return BrokenRule{"target", i, "name", "target `" + target.name + "` stands twice", {}};
        }
        const std::string& site = target.python_site_packages_path;
        if (!site.empty() &&
            (!is_plain(site, "-_./") || site.front() == '/' || site.find("..") != std::string::npos)) {
            return BrokenRule{"target", i, "site-packages", "not a path inside the environment", {}};
        }
    }
    return std::nullopt;
}

/// What is wrong with the `targets` of a root or package; empty: nothing.
std::string targets_fault(const Lock& lock, const std::vector<std::string>& targets) {
    if (targets.empty()) return "`targets` is empty";
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (lock.target(targets[i]) == nullptr) return "no target `" + targets[i] + "` in this lock";
        if (i > 0 && targets[i - 1] >= targets[i]) return "`targets` is not sorted, or names a target twice";
    }
    return {};
}

Broken check_roots(const Lock& lock, std::string_view block, const std::vector<LockRoot>& roots) {
    for (std::size_t i = 0; i < roots.size(); ++i) {
        if (roots[i].requirement.empty())
            return BrokenRule{block, i, "requirement", "requirement is empty", {}};
        if (std::string fault = targets_fault(lock, roots[i].targets); !fault.empty()) {
            return BrokenRule{block, i, "targets", std::move(fault), {}};
        }
    }
    return std::nullopt;
}

/// What is wrong with what a package from PyPI comes as; empty: nothing.
std::string_view artifact_fault(const Package& package) {
    const std::string& url = package.url;
    const bool git = url.starts_with("git+");
    switch (package.artifact) {
        case ArtifactKind::wheel:
            return url.ends_with(".whl") && !git ? std::string_view{} : "not a wheel";
        case ArtifactKind::sdist:
            return (url.ends_with(".tar.gz") || url.ends_with(".zip")) && !git ? std::string_view{}
                                                                               : "not a source distribution";
        case ArtifactKind::git:
            break;
    }
    return git && is_full_commit(commit_of(url)) ? std::string_view{} : "not a commit of a git repository";
}

/// True for a path that could leave its folder.
bool has_dots(std::string_view path) {
    return path.front() == '/' || path.find("..") != std::string_view::npos ||
           path.find('\\') != std::string_view::npos;
}

Broken check_origin(const Lock& lock, std::size_t index) {
    const Package& package = lock.packages[index].package;
    const std::string_view key = package.kind == PackageKind::conda ? "channel" : "index";
    const auto source = std::ranges::find_if(lock.sources, [&package](const LockSource& candidate) {
        return candidate.kind == package.kind && candidate.name == package.origin;
    });
    if (source == lock.sources.end()) {
        return BrokenRule{"package", index, key, "no source `" + package.origin + "` in this lock", {}};
    }
    const Address from = split_address(package.url);
    const Address home = split_address(source->url);
    const bool is_remote_git = !git_transport(from).empty() && git_transport(from) != "file";
    if (is_remote_git && from.scheme != home.scheme)
        return BrokenRule{"package", index, "url", "repository is reached otherwise than its source", {}};
    if (git_transport(from) == "file") {
        if (repository_of(package.url) == source->url) return std::nullopt;
        return BrokenRule{"package", index, "url", "repository is not its source `" + source->url + "`", {}};
    }
    if (!is_web(from) && !is_remote_git) {
        if (is_web(home) || !has_path_of(package.url, source->url)) {
            return BrokenRule{
                "package", index, "url", "file is outside of its source `" + source->url + "`", {}};
        }
        return std::nullopt;
    }
    const bool known =
        from.host == home.host || std::ranges::find(source->hosts, from.host) != source->hosts.end();
    if (!known) {
        return BrokenRule{"package", index, "url",
                          "host `" + std::string(from.host) + "` is not one that `" + package.origin +
                              "` named when the lock was made",
                          "run `aimlock solve` if the source has moved"};
    }
    if (from.scheme == "http" && (home.scheme == "https" || home.scheme == "oci")) {
        return BrokenRule{
            "package", index, "url", "http address from an " + std::string(home.scheme) + " source", {}};
    }
    if (from.scheme == "oci" && home.scheme != "oci") {
        return BrokenRule{"package", index, "url", "oci address from a source that is in no registry", {}};
    }
    return std::nullopt;
}

Broken check_package(const Lock& lock, std::size_t index) {
    const Package& package = lock.packages[index].package;
    const auto broken = [index](std::string_view key, std::string message) {
        return BrokenRule{"package", index, key, std::move(message), {}};
    };
    if (!is_plain(package.name, "-_.")) return broken("name", "not a package name");
    if (!is_plain(package.version, "-_.+!~*")) return broken("version", "not a version");
    const bool conda = package.kind == PackageKind::conda;
    if (conda ? !is_plain(package.build, "-_.+") : !package.build.empty())
        return broken("build", "not a build");
    if (!package.sha256.known()) return broken("sha256", "hash is all zeros");
    if (const std::string_view fault = address_fault(package.url); !fault.empty()) {
        return broken("url", std::string(fault));
    }
    if (std::string fault = targets_fault(lock, lock.packages[index].targets); !fault.empty()) {
        return broken("targets", std::move(fault));
    }
    if (conda && !package.url.ends_with(".conda") && !package.url.ends_with(".tar.bz2"))
        return broken("url", "not a conda package");
    if (conda && (package.artifact != ArtifactKind::wheel || package.direct))
        return broken("kind", "a conda package is not built, and comes from its channel");
    if (const std::string_view fault = artifact_fault(package); !conda && !fault.empty())
        return broken("url", std::string(fault));
    if (!package.subdirectory.empty() && has_dots(package.subdirectory))
        return broken("subdirectory", "not a path inside the sources");
    if (conda) {
        for (const std::string& name : lock.packages[index].targets) {
            if (package.subdir != "noarch" && package.subdir != lock.target(name)->platform) {
                return broken("subdir",
                              "platform `" + package.subdir + "` is not that of target `" + name + "`");
            }
        }
    }
    return check_origin(lock, index);
}

Broken check_packages(const Lock& lock) {
    std::set<std::tuple<PackageKind, std::string, std::string>> seen;
    for (std::size_t i = 0; i < lock.packages.size(); ++i) {
        if (Broken rule = check_package(lock, i)) return rule;
        const Package& package = lock.packages[i].package;
        for (const std::string& target : lock.packages[i].targets) {
            if (seen.emplace(package.kind, package.name, target).second) continue;
            return BrokenRule{
                "package", i, "name", "two packages `" + package.name + "` for target `" + target + "`", {}};
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<BrokenRule> broken_rule(const Lock& lock) {
    if (Broken rule = check_sources(lock)) return rule;
    if (Broken rule = check_targets(lock)) return rule;
    if (Broken rule = check_roots(lock, "root", lock.roots)) return rule;
    if (Broken rule = check_roots(lock, "constraint", lock.constraints)) return rule;
    return check_packages(lock);
}

}  // namespace aimlock
