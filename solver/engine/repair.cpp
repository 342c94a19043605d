#include <algorithm>
#include <array>

#include "solver/engine/target_solver.hpp"

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
        CondaRoot free = root;
        free.spec = MatchSpec{};
        free.spec.name = root.spec.name;
        free.spec.channel = root.spec.channel;
        auto loosened = solver_.attempt(with(root, free));
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
                auto verified = solver_.attempt(with(root, looser));
                if (!verified) return tl::make_unexpected(verified.error());
                if (*verified)
                    return Repair{"conda: " + root.written + " -> " + name_of(root) + " " + bound, root.pos,
                                  true};
            }
        }
        auto removed = solver_.attempt(without(root));
        if (!removed) return tl::make_unexpected(removed.error());
        if (*removed) return Repair{"conda: remove " + root.written, root.pos, true};
        return std::nullopt;
    }

    Result<std::optional<Repair>> pypi(const PypiRoot& root) {
        PypiRoot free = root;
        free.requirement.specifiers = SpecifierSet{};
        free.requirement.url.reset();
        auto loosened = solver_.attempt(with(root, free));
        if (!loosened) return tl::make_unexpected(loosened.error());
        if (*loosened) {
            const auto version = pypi_version_of(solver_, **loosened, root.requirement.name);
            const std::string bound =
                loosened_bound(root.requirement.specifiers.text(), version.value_or("0"));
            auto edited = SpecifierSet::parse(bound);
            if (version && edited) {
                PypiRoot looser = free;
                looser.requirement.specifiers = *std::move(edited);
                auto verified = solver_.attempt(with(root, looser));
                if (!verified) return tl::make_unexpected(verified.error());
                if (*verified) {
                    return Repair{
                        "pypi: " + root.written + " -> " + name_of(root) + " " + bound + marker_of(root),
                        root.pos, true};
                }
            }
        }
        auto removed = solver_.attempt(without(root));
        if (!removed) return tl::make_unexpected(removed.error());
        if (*removed) return Repair{"pypi: remove " + root.written, root.pos, true};
        return std::nullopt;
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
        TargetSolver other(request, solver.options(), solver.channels(), solver.name_map(), solver.source(),
                           solver.progress());
        if (auto prepared = other.prepare(); !prepared) return tl::make_unexpected(prepared.error());
        auto solved = other.attempt(other.all_roots());
        if (!solved) return tl::make_unexpected(solved.error());
        if (*solved) {
            return Repair{"target: cuda " + target.cuda.value_or("none") + " -> " + floor,
                          SourcePos{{}, 0, 0}, true};
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<Repair> find_repairs(TargetSolver& solver, const Roots& core, bool cuda_matters) {
    std::vector<Repair> repairs;
    Edit edit(solver, solver.all_roots());
    // That there is no solution is certain. An edit that cannot be tried because a document is out of reach
    // is not offered; it does not turn the answer into a failure.
    const auto keep = [&](const Result<std::optional<Repair>>& repair) {
        if (repair && *repair && repairs.size() < most_repairs) repairs.push_back(**repair);
    };
    for (const PypiRoot& root : core.pypi) keep(edit.pypi(root));
    for (const CondaRoot& root : core.conda) keep(edit.conda(root));
    if (cuda_matters) keep(newer_driver(solver));
    // An edit of a bound is smaller than giving something up.
    std::ranges::stable_sort(
        repairs, {}, [](const Repair& repair) { return repair.change.find("remove ") != std::string::npos; });
    return repairs;
}

}  // namespace aimlock::engine
