// Targets are separate problems: one joint problem over all of them would make the newest driver wait for the
// oldest platform. What binds them is preference. (1) The first target is solved alone. (2) Each other target
// prefers, softly, what earlier ones hold; what it cannot have, it does not. (3) A name asked for by both
// that still differs is tried once more at the other's version in the first target, for there an older
// version may well fit; it is taken if nothing else that was asked for moves to another version. (4) What
// remains apart is reported, with the reason.
#include "solver/engine/align_targets.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

// Trials beyond these cost more time than agreement is worth. Counts, for an answer must not depend on a
// clock.
constexpr std::size_t most_older_trials = 6;
constexpr std::size_t most_reasons = 4;

using Name = std::pair<PackageKind, std::string>;

// Distributions are one name whichever world they come from, where the record says what it carries.
std::map<Name, std::string> versions_of(const Solution& solution) {
    std::map<Name, std::string> versions;
    for (const Package& package : solution.packages)
        versions.emplace(Name{package.kind, package.name}, package.version);
    return versions;
}

std::string first_number(const std::string& version) {
    return version.substr(0, version.find('.'));
}

// "numpy==2.5.2" -> {numpy, 2.5.2}
std::pair<std::string, std::string> split_provided(const std::string& text) {
    const std::size_t at = text.find("==");
    return {text.substr(0, at), at == std::string::npos ? std::string() : text.substr(at + 2)};
}

class Aligner {
public:
    Aligner(const Request& request,
            const std::vector<Channel>& channels,
            const NameMap& name_map,
            const std::function<MetadataSource&(std::size_t)>& source_of,
            Progress& progress)
        : request_(request),
          channels_(channels),
          name_map_(name_map),
          source_of_(source_of),
          progress_(progress),
          outcomes_(request.targets.size()) {}

    Result<AlignedOutcomes> run(std::size_t first) {
        order_.push_back(first);
        for (std::size_t i = 0; i < request_.targets.size(); ++i) {
            if (i != first) order_.push_back(i);
        }
        for (const std::size_t target : order_) {
            auto outcome = solve(target, preferring_earlier(target));
            if (!outcome) return tl::make_unexpected(std::move(outcome).error());
            outcomes_[target] = *std::move(outcome);
        }
        AlignedOutcomes aligned;
        if (order_.size() > 1) {
            if (auto tried = try_older_versions(); !tried) return tl::make_unexpected(tried.error());
            auto apart = what_is_apart();
            if (!apart) return tl::make_unexpected(std::move(apart).error());
            aligned.apart = *std::move(apart);
        }
        aligned.outcomes = std::move(outcomes_);
        return aligned;
    }

private:
    [[nodiscard]] const Solution* solution(std::size_t target) const {
        return std::get_if<Solution>(&outcomes_[target]);
    }

    Result<Outcome> solve(std::size_t target, const TargetRequest& asked) {
        progress_.begin("Solving " + asked.target.name, 0, false);
        auto outcome =
            solve_target(asked, request_.options, channels_, name_map_, source_of_(target), progress_);
        progress_.end();
        return outcome;
    }

    // Its own preferences come first: a lock says more of a target than another target does.
    TargetRequest preferring_earlier(std::size_t target) const {
        TargetRequest asked = request_.targets[target];
        std::set<Name> preferred;
        for (const PreferredVersion& version : asked.preferred) preferred.emplace(version.kind, version.name);
        for (const std::string& name : asked.raised) {
            preferred.emplace(PackageKind::conda, name);
            preferred.emplace(PackageKind::pypi, name);
        }
        const auto prefer = [&](PackageKind kind, const std::string& name, const std::string& version) {
            if (!version.empty() && preferred.emplace(kind, name).second)
                asked.preferred.push_back({kind, name, version, {}});
        };
        for (const std::size_t earlier : order_) {
            if (earlier == target) break;
            if (solution(earlier) == nullptr) continue;
            for (const Package& package : solution(earlier)->packages) {
                prefer(package.kind, package.name, package.version);
                for (const std::string& provided : package.provides) {
                    const auto [name, version] = split_provided(provided);
                    prefer(PackageKind::pypi, name, version);
                }
            }
        }
        return asked;
    }

    [[nodiscard]] bool asks_for(std::size_t target, const Name& name) const {
        const TargetRequest& asked = request_.targets[target];
        if (name.first == PackageKind::conda) {
            return std::ranges::any_of(asked.conda,
                                       [&](const CondaRoot& root) { return root.spec.name == name.second; });
        }
        return std::ranges::any_of(
            asked.pypi, [&](const PypiRoot& root) { return root.requirement.name == name.second; });
    }

    // Adds `name ==version` to the list of its world; false where that cannot be written.
    static bool pin(const Name& name,
                    const std::string& version,
                    std::vector<CondaRoot>& conda,
                    std::vector<PypiRoot>& pypi) {
        const std::string written = name.second + " ==" + version;
        if (name.first == PackageKind::conda) {
            auto spec = MatchSpec::parse(written);
            if (spec) conda.push_back({*std::move(spec), written, {{}, 0, 0}});
            return spec.has_value();
        }
        auto requirement = Requirement::parse(name.second + "==" + version);
        if (requirement) pypi.push_back({*std::move(requirement), written, std::nullopt, {{}, 0, 0}});
        return requirement.has_value();
    }

    // Names that differ between the first target and another, those that both ask for. Where the first target
    // moved, the others follow it once more.
    Result<void> try_older_versions() {
        if (auto tried = try_each_older_version(); !tried || !first_moved_) return tried;
        for (std::size_t i = 1; i < order_.size(); ++i) {
            if (solution(order_[i]) == nullptr) continue;
            auto again = solve(order_[i], preferring_earlier(order_[i]));
            if (!again) return tl::make_unexpected(std::move(again).error());
            outcomes_[order_[i]] = *std::move(again);
        }
        return {};
    }

    Result<void> try_each_older_version() {
        const std::size_t first = order_.front();
        std::size_t trials = 0;
        for (std::size_t i = 1; i < order_.size(); ++i) {
            if (solution(first) == nullptr) return {};
            if (solution(order_[i]) == nullptr) continue;
            for (const auto& [name, version] : versions_of(*solution(order_[i]))) {
                const auto ours = versions_of(*solution(first));
                const auto own = ours.find(name);
                if (own == ours.end() || own->second == version) continue;
                if (first_number(own->second) != first_number(version)) continue;
                if (!asks_for(first, name) || !asks_for(order_[i], name)) continue;
                if (++trials > most_older_trials) return {};
                if (auto taken = take_in_first(name, version); !taken) return taken;
            }
        }
        return {};
    }

    Result<void> take_in_first(const Name& name, const std::string& version) {
        const std::size_t first = order_.front();
        TargetRequest asked = request_.targets[first];
        if (!pin(name, version, asked.conda_constraints, asked.pypi_constraints)) return {};
        asked.preferred.clear();
        for (const auto& [other, held] : versions_of(*solution(first))) {
            if (other != name) asked.preferred.push_back({other.first, other.second, held, {}});
        }
        auto outcome = solve(first, asked);
        if (!outcome) return tl::make_unexpected(std::move(outcome).error());
        auto* older = std::get_if<Solution>(&*outcome);
        if (older == nullptr || moves_another(*older, name)) return {};
        older->notes.push_back(name.second + " " + version + " and not " +
                               versions_of(*solution(first)).at(name) +
                               ", so that all targets have the same");
        outcomes_[first] = std::move(*outcome);
        first_moved_ = true;
        return {};
    }

    // True when something else that the first target asks for would be at another version than before.
    [[nodiscard]] bool moves_another(const Solution& older, const Name& except) const {
        const std::size_t first = order_.front();
        const auto after = versions_of(older);
        return std::ranges::any_of(versions_of(*solution(first)), [&](const auto& entry) {
            if (entry.first == except || !asks_for(first, entry.first)) return false;
            const auto found = after.find(entry.first);
            return found == after.end() || found->second != entry.second;
        });
    }

    Result<std::vector<Apart>> what_is_apart() {
        std::map<Name, Apart> by_name;
        for (std::size_t target = 0; target < request_.targets.size(); ++target) {
            if (solution(target) == nullptr) continue;
            for (const auto& [name, version] : versions_of(*solution(target))) {
                Apart& apart = by_name[name];
                apart.kind = name.first;
                apart.name = name.second;
                apart.versions.emplace_back(request_.targets[target].target.name, version);
            }
        }
        std::vector<Apart> apart;
        for (auto& [name, entry] : by_name) {
            const bool same = std::ranges::all_of(entry.versions, [&](const auto& held) {
                return held.second == entry.versions.front().second;
            });
            if (!same) apart.push_back(std::move(entry));
        }
        const auto direct = [&](const Apart& entry) {
            const Name name{entry.kind, entry.name};
            return std::ranges::any_of(order_, [&](std::size_t target) { return asks_for(target, name); });
        };
        std::ranges::stable_sort(apart, {}, [&](const Apart& entry) {
            return std::tuple(!direct(entry), entry.name, entry.kind);
        });
        std::size_t reasons = 0;
        for (Apart& entry : apart) {
            const bool explain = direct(entry) && reasons < most_reasons;
            auto reason = reason_of(entry, explain);
            if (!reason) return tl::make_unexpected(std::move(reason).error());
            reasons += explain ? 1 : 0;
            entry.reason = *std::move(reason);
        }
        return apart;
    }

    // Why a target does not have the version of the first target that has the name.
    Result<std::string> reason_of(const Apart& apart, bool explain) {
        const Name name{apart.kind, apart.name};
        std::optional<std::string> wanted;
        for (const std::size_t target : order_) {
            const auto held = version_in(apart, target);
            if (!held) continue;
            if (!wanted) wanted = held;
            if (*held == *wanted) continue;
            const Target& place = request_.targets[target].target;
            if (name.first == PackageKind::conda && !exists(name.second, *wanted, place.platform)) {
                return "no channel has " + name.second + " " + *wanted + " for " + place.platform;
            }
            if (!explain) return std::string();
            TargetRequest asked = preferring_earlier(target);
            // As a requirement and no mere bound, so that the words say what it is at odds with.
            if (!pin(name, *wanted, asked.conda, asked.pypi)) return std::string();
            auto outcome = solve(target, asked);
            if (!outcome) return std::string();  // a document is out of reach: the answer stands without it
            if (const auto* conflict = std::get_if<Conflict>(&*outcome); conflict != nullptr)
                return "target " + place.name + ": " + shortened(conflict->chain);
            return "target " + place.name + " keeps what else it has at " + *held;
        }
        return std::string();
    }

    [[nodiscard]] std::optional<std::string> version_in(const Apart& apart, std::size_t target) const {
        for (const auto& [name, version] : apart.versions) {
            if (name == request_.targets[target].target.name) return version;
        }
        return std::nullopt;
    }

    [[nodiscard]] bool exists(const std::string& name,
                              const std::string& version,
                              const std::string& platform) const {
        for (const Channel& channel : channels_) {
            for (const Repodata& repodata : channel.subdirs) {
                if (repodata.subdir != platform && repodata.subdir != "noarch") continue;
                const auto number = repodata.texts.find(version);
                const auto records = repodata.records_named(name);
                if (number && std::ranges::find(records, *number, &CondaRecord::version) != records.end())
                    return true;
            }
        }
        return false;
    }

    static std::string shortened(const std::vector<std::string>& chain) {
        std::string text;
        for (std::size_t i = 0; i < std::min<std::size_t>(chain.size(), 3); ++i)
            text += (i == 0 ? "" : "; ") + chain[i];
        return text;
    }

    const Request& request_;
    const std::vector<Channel>& channels_;
    const NameMap& name_map_;
    const std::function<MetadataSource&(std::size_t)>& source_of_;
    Progress& progress_;
    std::vector<Outcome> outcomes_;
    std::vector<std::size_t> order_;
    bool first_moved_ = false;
};

}  // namespace

Result<AlignedOutcomes> solve_targets(const Request& request,
                                      std::size_t first,
                                      const std::vector<Channel>& channels,
                                      const NameMap& name_map,
                                      const std::function<MetadataSource&(std::size_t)>& source_of,
                                      Progress& progress) {
    return Aligner(request, channels, name_map, source_of, progress).run(first);
}

}  // namespace aimlock
