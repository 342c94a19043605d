#include "lock/freshness.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "lock/address.hpp"
#include "lock/instant.hpp"

namespace aimlock {
namespace {

/// Texts put one after the other such that no two different lists give the same bytes.
class Canonical {
public:
    void add(std::string_view text) {
        out_.update(std::to_string(text.size()));
        out_.update(":");
        out_.update(text);
    }
    template <class Range, class Add>
    void list(const Range& values, const Add& one) {
        add(std::to_string(std::size(values)));
        for (const auto& value : values) one(value);
    }
    void texts(const std::vector<std::string>& values) {
        list(values, [this](const std::string& value) { add(value); });
    }
    void addresses(const std::vector<std::string>& values) {
        list(values, [this](const std::string& value) { add(without_secrets(value)); });
    }
    Sha256 digest() { return out_.finish(); }

private:
    Sha256Stream out_;
};

void add_conda(Canonical& out, const std::vector<CondaRoot>& roots) {
    out.list(roots, [&out](const CondaRoot& root) { out.add(root.written); });
}

void add_pypi(Canonical& out, const std::vector<PypiRoot>& roots) {
    out.list(roots, [&out](const PypiRoot& root) {
        out.add(root.written);
        out.add(root.index ? without_secrets(*root.index) : "");
    });
}

void add_target(Canonical& out, const TargetRequest& request) {
    const Target& target = request.target;
    for (const std::string& text : {target.name, target.platform, target.cuda.value_or("none"), target.glibc,
                                    target.archspec, target.python.value_or("")}) {
        out.add(text);
    }
    out.texts(target.cuda_arch);
    out.add(target.cuda_compat ? "cuda-compat" : "");
    out.add(target.cuda_mixed ? "cuda-mixed" : "");
    add_conda(out, request.conda);
    add_pypi(out, request.pypi);
    add_conda(out, request.conda_constraints);
    add_pypi(out, request.pypi_constraints);
}

void add_sources(Canonical& out, const SourcePolicy& sources) {
    out.add(sources.all ? "builds" : "");
    out.texts(sources.allowed);
    out.texts(sources.never);
    out.add(sources.no_wheels ? "no wheels" : "");
    out.texts(sources.sources_only);
}

void enter(std::vector<LockRoot>& roots, LockRoot root) {
    const auto known = std::ranges::find_if(roots, [&root](const LockRoot& other) {
        return other.kind == root.kind && other.requirement == root.requirement && other.index == root.index;
    });
    if (known == roots.end()) return roots.push_back(std::move(root));
    if (std::ranges::find(known->targets, root.targets.front()) == known->targets.end()) {
        known->targets.push_back(root.targets.front());
    }
}

std::string quoted(std::string_view text) {
    return "`" + std::string(text) + "`";
}

/// Compares two sets of roots; each difference is one reason.
void compare_roots(std::string_view noun,
                   const std::vector<LockRoot>& locked,
                   const std::vector<LockRoot>& asked,
                   std::vector<std::string>& reasons) {
    const auto same = [](const LockRoot& a) {
        return [&a](const LockRoot& b) { return a.kind == b.kind && a.requirement == b.requirement; };
    };
    const auto phrase = [noun](const LockRoot& root) {
        return std::string(root.kind == PackageKind::conda ? "conda " : "PyPI ") + std::string(noun) + " " +
               quoted(root.requirement);
    };
    for (const LockRoot& root : asked) {
        const auto before = std::ranges::find_if(locked, same(root));
        if (before == locked.end()) {
            reasons.push_back(phrase(root) + " is new");
        } else if (before->targets != root.targets) {
            reasons.push_back(phrase(root) + " is asked by other targets than before");
        } else if (before->index != root.index) {
            reasons.push_back(phrase(root) + " is asked from another index than before");
        }
    }
    for (const LockRoot& root : locked) {
        if (std::ranges::find_if(asked, same(root)) == asked.end())
            reasons.push_back(phrase(root) + " is gone");
    }
}

void compare_targets(const Lock& lock, const Request& request, std::vector<std::string>& reasons) {
    std::set<std::string> asked;
    for (const TargetRequest& wanted : request.targets) {
        const Target& target = wanted.target;
        asked.insert(target.name);
        const LockTarget* locked = lock.target(target.name);
        if (locked == nullptr) {
            reasons.push_back("target " + quoted(target.name) + " is new");
            continue;
        }
        const std::string head = "target " + quoted(target.name) + ": ";
        if (locked->platform != target.platform) {
            reasons.push_back(head + "platform was " + locked->platform + ", is " + target.platform);
        }
        const std::vector<VirtualPackage> facts = target.virtual_packages();
        for (const VirtualPackage& fact : facts) {
            const auto before = std::ranges::find(locked->virtual_packages, fact.name, &VirtualPackage::name);
            if (before == locked->virtual_packages.end()) {
                reasons.push_back(head + fact.text() + " is new");
            } else if (*before != fact) {
                reasons.push_back(head + before->text() + " became " + fact.text());
            }
        }
        for (const VirtualPackage& before : locked->virtual_packages) {
            if (std::ranges::find(facts, before.name, &VirtualPackage::name) == facts.end()) {
                reasons.push_back(head + before.text() + " is gone");
            }
        }
        if (locked->cuda_arch != target.cuda_arch) reasons.push_back(head + "cuda-arch changed");
    }
    for (const LockTarget& locked : lock.targets) {
        if (!asked.contains(locked.name)) reasons.push_back("target " + quoted(locked.name) + " is gone");
    }
}

void compare_options(const Lock& lock, const Request& request, std::vector<std::string>& reasons) {
    const auto compare = [&reasons](std::string_view key, std::string_view before, std::string_view now) {
        if (before == now) return;
        const auto shown = [](std::string_view value) {
            return value.empty() ? std::string("not set") : std::string(value);
        };
        reasons.push_back(std::string(key) + " was " + shown(before) + ", is " + shown(now));
    };
    const SolveOptions& options = request.options;
    compare("channel-priority", lock.channel_priority, word_of(options.channel_priority));
    compare("prerelease", lock.prerelease, word_of(options.prerelease));
    compare("resolution", lock.resolution, word_of(options.resolution));
    compare("exclude-newer", lock.exclude_newer.value_or(""),
            options.exclude_newer_ms ? instant_text(*options.exclude_newer_ms) : "");
}

}  // namespace

std::string_view word_of(ChannelPriority priority) {
    switch (priority) {
        case ChannelPriority::strict:
            return "strict";
        case ChannelPriority::flexible:
            return "flexible";
        case ChannelPriority::disabled:
            return "disabled";
    }
    return "strict";
}

std::string_view word_of(PrereleaseMode mode) {
    switch (mode) {
        case PrereleaseMode::if_necessary:
            return "if-necessary";
        case PrereleaseMode::allow:
            return "allow";
        case PrereleaseMode::disallow:
            return "disallow";
    }
    return "if-necessary";
}

std::string_view word_of(ResolutionMode mode) {
    switch (mode) {
        case ResolutionMode::highest:
            return "highest";
        case ResolutionMode::lowest:
            return "lowest";
        case ResolutionMode::lowest_direct:
            return "lowest-direct";
    }
    return "highest";
}

LockRoots lock_roots(const Request& request) {
    LockRoots out;
    const auto conda = [](std::vector<LockRoot>& into, const std::vector<CondaRoot>& roots,
                          const std::string& target) {
        for (const CondaRoot& root : roots) enter(into, {PackageKind::conda, root.written, {target}, {}});
    };
    const auto pypi = [](std::vector<LockRoot>& into, const std::vector<PypiRoot>& roots,
                         const std::string& target) {
        for (const PypiRoot& root : roots) {
            enter(
                into,
                {PackageKind::pypi, root.written, {target}, root.index ? without_secrets(*root.index) : ""});
        }
    };
    for (const TargetRequest& target : request.targets) {
        conda(out.roots, target.conda, target.target.name);
        pypi(out.roots, target.pypi, target.target.name);
        conda(out.constraints, target.conda_constraints, target.target.name);
        pypi(out.constraints, target.pypi_constraints, target.target.name);
    }
    for (std::vector<LockRoot>* roots : {&out.roots, &out.constraints}) {
        for (LockRoot& root : *roots) std::ranges::sort(root.targets);
    }
    return out;
}

Sha256 request_digest(const Request& request) {
    Canonical out;
    out.add("aimlock request 1");
    out.addresses(request.channels);
    out.addresses(request.indexes);
    out.addresses(request.find_links);
    const SolveOptions& options = request.options;
    out.add(word_of(options.channel_priority));
    out.add(word_of(options.prerelease));
    out.add(word_of(options.resolution));
    out.add(options.exclude_newer_ms ? instant_text(*options.exclude_newer_ms) : "");
    if (!options.sources.is_default()) add_sources(out, options.sources);
    out.add(request.name_map ? without_secrets(*request.name_map) : "");
    out.list(request.targets, [&out](const TargetRequest& target) { add_target(out, target); });
    return out.digest();
}

std::vector<std::string> stale_reasons(const Lock& lock,
                                       const Request& request,
                                       const FreshnessInputs& inputs) {
    std::vector<std::string> reasons;
    const LockRoots asked = lock_roots(request);
    compare_roots("requirement", lock.roots, asked.roots, reasons);
    compare_roots("constraint", lock.constraints, asked.constraints, reasons);
    compare_targets(lock, request, reasons);
    compare_options(lock, request, reasons);
    if (inputs.name_map && *inputs.name_map != lock.name_map) reasons.emplace_back("the name map changed");
    const std::string base = inputs.image_base.value_or("");
    const std::string locked_base = lock.base ? lock.base->image : "";
    if (base != locked_base)
        reasons.push_back("the image's base was " + quoted(locked_base) + ", is " + quoted(base));
    // The digest also covers what a lock does not spell out: channels as written, order, mirrors of a name.
    if (reasons.empty() && request_digest(request) != lock.inputs) {
        reasons.emplace_back(
            "channels, indexes, what may be built from source or the order of requirements changed");
    }
    return reasons;
}

}  // namespace aimlock
