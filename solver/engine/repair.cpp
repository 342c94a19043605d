#include "solver/engine/repair.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "solver/engine/cuda_code.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::engine {
namespace {

constexpr std::size_t most_repairs = 5;

std::optional<std::string> conda_version_of(TargetSolver& solver,
                                            const Solved& solved,
                                            const std::string& name) {
    for (const SolvableId id : solved.answer.installed) {
        const Origin& origin = solved.answer.round.origins[id];
        if (origin.kind == Origin::Kind::record && solver.conda().name_of(origin.index) == name) {
            return solver.conda().version_of(origin.index).text();
        }
    }
    return std::nullopt;
}

// The version that the answer gives a distribution, whichever world it comes from.
std::optional<std::string> pypi_version_of(TargetSolver& solver,
                                           const Solved& solved,
                                           const std::string& name) {
    for (const SolvableId id : solved.answer.installed) {
        const Origin& origin = solved.answer.round.origins[id];
        if (origin.kind == Origin::Kind::release && solver.pypi()[origin.project].name == name) {
            return solver.pypi()[origin.project].releases[origin.release].text;
        }
        if (origin.kind != Origin::Kind::record) continue;
        for (const Identity& identity : solver.conda()[origin.index].identities) {
            if (identity.name == name) return identity.version.text();
        }
    }
    return std::nullopt;
}

// How the edited bound is written: a pin stays a pin, a lower bound goes down, an upper bound up.
std::string loosened_bound(std::string_view bound, const std::string& version) {
    if (bound.find("==") != std::string_view::npos) return "==" + version;
    if (bound.find('>') != std::string_view::npos) return ">=" + version;
    if (bound.find('<') != std::string_view::npos) return "<=" + version;
    return "==" + version;
}

// What an edit of the bound leaves as it is, as people write it.
std::string name_of(const CondaRoot& root) {
    return (root.spec.channel ? *root.spec.channel + "::" : std::string()) + root.spec.name;
}

std::string name_of(const PypiRoot& root) {
    std::string name = root.requirement.name;
    for (const std::string& extra : root.requirement.extras)
        name += (name.size() == root.requirement.name.size() ? "[" : ",") + extra;
    return name + (root.requirement.extras.empty() ? "" : "]");
}

std::string marker_of(const PypiRoot& root) {
    return root.requirement.marker ? " ; " + root.requirement.marker->text() : std::string();
}

// One root replaced: by the same name without a bound, by a looser bound, or by nothing.
class Edit {
public:
    Edit(TargetSolver& solver, Roots roots) : solver_(solver), all_(std::move(roots)) {}

    Result<std::optional<Repair>> conda(const CondaRoot& root) {
        if (!solver_.conda().has_name(root.spec.name)) return nearest(root);
        CondaRoot free = root;
        free.spec = MatchSpec{};
        free.spec.name = root.spec.name;
        free.spec.channel = root.spec.channel;
        auto loosened = attempt_that_runs(solver_, with(root, free));
        if (!loosened) return tl::make_unexpected(loosened.error());
        if (*loosened) {
            const auto version = conda_version_of(solver_, **loosened, root.spec.name);
            const std::string bound = loosened_bound(
                root.spec.version ? root.spec.version->text() : std::string(), version.value_or("0"));
            auto edited = MatchSpec::parse(root.spec.name + " " + bound);
            if (version && edited) {
                CondaRoot looser = root;
                looser.spec = *std::move(edited);
                looser.spec.channel = root.spec.channel;
                auto verified = attempt_that_runs(solver_, with(root, looser));
                if (!verified) return tl::make_unexpected(verified.error());
                if (*verified)
                    return Repair{"conda: " + root.written + " -> " + name_of(root) + " " + bound, root.pos,
                                  true};
            }
        }
        auto removed = attempt_that_runs(solver_, without(root));
        if (!removed) return tl::make_unexpected(removed.error());
        if (*removed) return Repair{"conda: remove " + root.written, root.pos, true};
        return std::nullopt;
    }

    // A name that no channel has, as the name that it most likely is.
    Result<std::optional<Repair>> nearest(const CondaRoot& root) {
        CondaRoot renamed = root;
        renamed.spec.name = solver_.conda().nearest_name(root.spec.name);
        const auto solves = [&](const Roots& roots) {
            auto solved = attempt_that_runs(solver_, roots);
            return solved && *solved;
        };
        if (!renamed.spec.name.empty() && solves(with(root, renamed))) {
            std::string written = root.written;
            const std::size_t channel = written.find("::");  // may hold the name, too
            const std::size_t at =
                written.find(root.spec.name, channel == std::string::npos ? 0 : channel + 2);
            if (at != std::string::npos)
                return Repair{"conda: " + root.written + " -> " +
                                  written.replace(at, root.spec.name.size(), renamed.spec.name),
                              root.pos, true};
        }
        if (!solves(without(root))) return std::nullopt;
        return Repair{"conda: remove " + root.written, root.pos, true};
    }

    Result<std::optional<Repair>> pypi(const PypiRoot& root) {
        PypiRoot free = root;
        free.requirement.specifiers = SpecifierSet{};
        free.requirement.url.reset();
        auto loosened = attempt_that_runs(solver_, with(root, free));
        if (!loosened) return tl::make_unexpected(loosened.error());
        if (*loosened) {
            const auto version = pypi_version_of(solver_, **loosened, root.requirement.name);
            const std::string bound =
                loosened_bound(root.requirement.specifiers.text(), version.value_or("0"));
            auto edited = SpecifierSet::parse(bound);
            if (version && edited) {
                PypiRoot looser = free;
                looser.requirement.specifiers = *std::move(edited);
                auto verified = attempt_that_runs(solver_, with(root, looser));
                if (!verified) return tl::make_unexpected(verified.error());
                if (*verified) {
                    return Repair{
                        "pypi: " + root.written + " -> " + name_of(root) + " " + bound + marker_of(root),
                        root.pos, true};
                }
            }
        }
        auto removed = attempt_that_runs(solver_, without(root));
        if (!removed) return tl::make_unexpected(removed.error());
        if (*removed) return Repair{"pypi: remove " + root.written, root.pos, true};
        return std::nullopt;
    }

    // The same package from the other world, with the same bound as far as the other world can read it.
    Result<std::optional<Repair>> to_pypi(const CondaRoot& root) {
        if (root.spec.name == "python") return std::nullopt;
        const std::string bound = root.spec.version ? root.spec.version->text() : std::string();
        auto specifiers = SpecifierSet::parse(bound == "*" ? std::string() : bound);
        if (!specifiers) return std::nullopt;
        std::vector<std::string> names = solver_.name_map().pypi_names(root.spec.name);
        if (names.empty()) names.push_back(normalize_pypi_name(root.spec.name));
        PypiRoot moved;
        moved.requirement.name = names.front();
        moved.requirement.specifiers = *std::move(specifiers);
        moved.pos = root.pos;
        // A solver of its own: this one may know of no Python, as nothing asked for a wheel.
        TargetRequest request = solver_.request();
        std::erase_if(request.conda, [&](const CondaRoot& one) { return one.written == root.written; });
        request.pypi.push_back(moved);
        TargetSolver other(request, solver_.options(), solver_);
        if (auto prepared = other.prepare(); !prepared) return tl::make_unexpected(prepared.error());
        auto solved = attempt_that_runs(other, other.all_roots());
        if (!solved) return tl::make_unexpected(solved.error());
        if (!*solved) return std::nullopt;
        const std::string text = moved.requirement.specifiers.text();
        return Repair{"conda: " + root.written + " -> pypi: " + moved.requirement.name +
                          (text.empty() ? std::string() : " " + text),
                      root.pos, true};
    }

    Result<std::optional<Repair>> to_conda(const PypiRoot& root) {
        std::vector<std::string> names = solver_.name_map().conda_names(root.requirement.name);
        if (std::ranges::find(names, root.requirement.name) == names.end())
            names.insert(names.begin(), root.requirement.name);
        std::erase_if(names, [&](const std::string& name) { return !solver_.conda().has_name(name); });
        if (names.empty() || !root.requirement.extras.empty()) return std::nullopt;
        const std::string written = names.front() + (root.requirement.specifiers.text().empty()
                                                         ? std::string()
                                                         : " " + root.requirement.specifiers.text());
        auto spec = MatchSpec::parse(written);
        if (!spec) return std::nullopt;
        Roots roots = without(root);
        roots.conda.push_back({*std::move(spec), written, root.pos});
        auto solved = attempt_that_runs(solver_, roots);
        if (!solved) return tl::make_unexpected(solved.error());
        if (!*solved) return std::nullopt;
        return Repair{"pypi: " + root.written + " -> conda: " + written, root.pos, true};
    }

private:
    // Roots are told apart by what was written: the same line twice is the same root.
    [[nodiscard]] Roots with(const CondaRoot& old, const CondaRoot& replacement) const {
        Roots roots = all_;
        for (CondaRoot& root : roots.conda) {
            if (root.written == old.written) root = replacement;
        }
        return roots;
    }
    [[nodiscard]] Roots with(const PypiRoot& old, const PypiRoot& replacement) const {
        Roots roots = all_;
        for (PypiRoot& root : roots.pypi) {
            if (root.written == old.written) root = replacement;
        }
        return roots;
    }
    [[nodiscard]] Roots without(const CondaRoot& old) const {
        Roots roots = all_;
        std::erase_if(roots.conda, [&](const CondaRoot& root) { return root.written == old.written; });
        return roots;
    }
    [[nodiscard]] Roots without(const PypiRoot& old) const {
        Roots roots = all_;
        std::erase_if(roots.pypi, [&](const PypiRoot& root) { return root.written == old.written; });
        return roots;
    }

    TargetSolver& solver_;
    Roots all_;
};

// The same request for hosts with a newer driver: the first floor of each CUDA major that is above the
// target's.
Result<std::optional<Repair>> newer_driver(TargetSolver& solver) {
    constexpr std::array<const char*, 3> floors{"11.8", "12.0", "13.0"};
    const Target& target = solver.request().target;
    const auto current = target.cuda ? CondaVersion::parse(*target.cuda) : Result<CondaVersion>{};
    for (const char* floor : floors) {
        const auto version = CondaVersion::parse(floor);
        if (!version || (target.cuda && current && *version <= *current)) continue;
        TargetRequest request = solver.request();
        request.target.cuda = floor;
        TargetSolver other(request, solver.options(), solver);
        if (auto prepared = other.prepare(); !prepared) return tl::make_unexpected(prepared.error());
        auto solved = attempt_that_runs(other, other.all_roots());
        if (!solved) return tl::make_unexpected(solved.error());
        if (*solved) {
            return Repair{"target: cuda " + target.cuda.value_or("none") + " -> " + floor,
                          SourcePos{{}, 0, 0}, true};
        }
    }
    return std::nullopt;
}

// The same request with another option.
Result<std::optional<Repair>> other_option(TargetSolver& solver,
                                           const SolveOptions& options,
                                           std::string change) {
    TargetSolver other(solver.request(), options, solver);
    if (auto prepared = other.prepare(); !prepared) return tl::make_unexpected(prepared.error());
    auto solved = attempt_that_runs(other, other.all_roots());
    if (!solved) return tl::make_unexpected(solved.error());
    if (!*solved) return std::nullopt;
    return Repair{std::move(change), SourcePos{{}, 0, 0}, true};
}

// The same request where some projects may be built from source.
bool solves_with(TargetSolver& solver, const SourcePolicy& policy) {
    SolveOptions options = solver.options();
    options.sources = policy;
    const auto source = solver.source().building(policy);
    if (!source) return false;
    TargetSolver other(solver.request(), options, solver.channels(), solver.name_map(), *source,
                       solver.progress());
    if (!other.prepare()) return false;
    if (solver.prereleases_allowed()) other.allow_prereleases();
    const auto solved = other.attempt(other.all_roots());
    return solved && *solved;
}

// What has nothing but sources may be built; else everything may, for what is built needs what builds it.
std::optional<Repair> from_source(TargetSolver& solver, const std::set<std::string>& names) {
    SourcePolicy policy = solver.options().sources;
    std::string quoted;
    for (const std::string& name : names) {
        if (policy.may_build(name)) continue;
        policy.allowed.push_back(name);
        quoted += (quoted.empty() ? "\"" : ", \"") + name + "\"";
    }
    if (quoted.empty()) return std::nullopt;
    const SourcePos nowhere{{}, 0, 0};
    if (solves_with(solver, policy))
        return Repair{"option: build from source: allow-sdist = [" + quoted + "]", nowhere, true};
    policy = solver.options().sources;
    policy.all = true;
    if (solves_with(solver, policy))
        return Repair{"option: build from source: no-build = false", nowhere, true};
    return std::nullopt;
}

Result<std::optional<Repair>> another_python(OtherPython& other) {
    auto solved = other.attempt();
    if (!solved) return tl::make_unexpected(solved.error());
    if (!*solved || other.minor().empty()) return std::nullopt;
    CondaRoot python = other.bound();
    const std::string written = "python " + other.minor() + ".*";
    auto spec = MatchSpec::parse(written);
    if (!spec) return std::nullopt;
    python.spec = *std::move(spec);
    if (!other.solves_whole(python)) return std::nullopt;
    return Repair{"conda: " + other.bound().written + " -> " + written, python.pos, true};
}

}  // namespace

std::vector<Repair> find_repairs(TargetSolver& solver, const Roots& core, const ToBlame& blame) {
    std::vector<Repair> repairs;
    Edit edit(solver, solver.all_roots());
    // That there is no solution is certain. An edit that cannot be tried because a document is out of reach
    // is not offered; it does not turn the answer into a failure.
    const auto keep = [&](const Result<std::optional<Repair>>& repair) {
        if (!repair || !*repair) return;
        if (std::ranges::find(repairs, (*repair)->change, &Repair::change) == repairs.end())
            repairs.push_back(**repair);
    };
    std::vector<Repair> removals;
    const auto is_removal = [](const Repair& repair) {
        return repair.change.find(": remove ") != std::string::npos;
    };
    for (const PypiRoot& root : core.pypi) keep(edit.pypi(root));
    for (const CondaRoot& root : core.conda) {
        if (blame.other_python == nullptr || root.spec.name != "python") keep(edit.conda(root));
    }
    std::ranges::copy_if(repairs, std::back_inserter(removals), is_removal);
    std::erase_if(repairs, is_removal);
    if (blame.other_python != nullptr) keep(another_python(*blame.other_python));
    if (blame.cuda) keep(newer_driver(solver));
    SolveOptions options = solver.options();
    if (blame.channel_priority && options.channel_priority == ChannelPriority::strict) {
        options.channel_priority = ChannelPriority::flexible;
        keep(other_option(solver, options, "option: channel-priority strict -> flexible"));
    }
    options = solver.options();
    if (blame.prerelease && options.prerelease == PrereleaseMode::disallow) {
        options.prerelease = PrereleaseMode::if_necessary;
        keep(other_option(solver, options, "option: prerelease disallow -> if-necessary"));
    }
    if (!blame.sources.empty()) keep(from_source(solver, blame.sources));
    for (const PypiRoot& root : core.pypi) {
        if (repairs.size() < most_repairs) keep(edit.to_conda(root));
    }
    for (const CondaRoot& root : core.conda) {
        if (repairs.size() < most_repairs) keep(edit.to_pypi(root));
    }
    repairs.insert(repairs.end(), removals.begin(), removals.end());
    if (repairs.size() > most_repairs) repairs.resize(most_repairs);
    return repairs;
}

}  // namespace aimlock::engine
