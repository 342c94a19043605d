#include "solver/engine/inherited_bounds.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "solver/engine/grades.hpp"

namespace aimlock::engine {
namespace {

// `<` and `<=` alone: what `==` and `~=` say of the version from below is not for older releases.
std::optional<SpecifierSet> upper_part(const SpecifierSet& set) {
    std::vector<Pep440Specifier> upper;
    for (const Pep440Specifier& clause : set.clauses()) {
        if (clause.op == Pep440Specifier::Op::less || clause.op == Pep440Specifier::Op::less_equal)
            upper.push_back(clause);
    }
    return upper.empty() ? std::nullopt : std::optional(SpecifierSet(std::move(upper)));
}

// All upper bounds of the nearest newer release of the major that is known.
std::vector<DependencyId> bounds_of_the_next(PypiWorld& pypi, ProjectId id, ReleaseId release) {
    const Project& project = pypi[id];
    std::vector<DependencyId> bounds;
    for (ReleaseId newer = release; newer-- > 0;) {
        const Release& other = project.releases[newer];
        if (!other.version.shares_release(project.releases[release].version, 1)) break;
        if (!other.requirements || other.requirements->broken) continue;
        for (const DependencyId dependency : other.requirements->base) {
            const PypiDependency known = pypi.dependency(dependency);
            if (known.extra != no_extra) continue;
            if (const auto upper = upper_part(pypi.specifier_set(known.specifiers)))
                bounds.push_back(pypi.with_specifiers(dependency, pypi.specifiers(*upper)));
        }
        break;
    }
    return bounds;
}

}  // namespace

std::vector<DependencyId> inherited_bounds(PypiWorld& pypi, ProjectId id, ReleaseId release) {
    const Project& project = pypi[id];
    const Release& own = project.releases[release];
    if (!own.requirements) return bounds_of_the_next(pypi, id, release);
    std::vector<ProjectId> unbounded;
    std::vector<ProjectId> bounded;
    for (const DependencyId dependency : own.requirements->base) {
        const PypiDependency& known = pypi.dependency(dependency);
        if (known.extra != no_extra) continue;
        auto& list = pypi.specifier_set(known.specifiers).has_upper_bound() ? bounded : unbounded;
        list.push_back(known.project);
    }
    std::erase_if(unbounded,
                  [&](ProjectId other) { return std::ranges::find(bounded, other) != bounded.end(); });
    std::vector<DependencyId> inherited;
    for (ReleaseId newer = release; newer-- > 0 && !unbounded.empty();) {
        const Release& other = project.releases[newer];
        if (!other.version.shares_release(own.version, 1)) break;
        if (!other.requirements || other.requirements->broken) continue;
        for (const DependencyId dependency : other.requirements->base) {
            const PypiDependency known = pypi.dependency(dependency);
            const auto wanting = std::ranges::find(unbounded, known.project);
            if (known.extra != no_extra || wanting == unbounded.end()) continue;
            const auto upper = upper_part(pypi.specifier_set(known.specifiers));
            if (!upper) continue;
            inherited.push_back(pypi.with_specifiers(dependency, pypi.specifiers(*upper)));
            unbounded.erase(wanting);
        }
    }
    return inherited;
}

std::vector<std::string> bounds_not_held(TargetSolver& solver, const Solved& solved) {
    PypiWorld& pypi = solver.pypi();
    const Held held(solver, solved);
    std::vector<std::string> broken;
    for (const auto& [project, release] : held.releases) {
        for (const DependencyId bound : inherited_bounds(pypi, project, release)) {
            const PypiDependency& wanted = pypi.dependency(bound);
            if (solved.answer.python && !wanted.pythons[*solved.answer.python]) continue;
            const auto version = held.version(solver, wanted.project);
            const SpecifierSet& specifiers = pypi.specifier_set(wanted.specifiers);
            if (!version || specifiers.admits(*version)) continue;
            const std::string& name = pypi[wanted.project].name;
            broken.push_back(fmt::format("{} {} with {} {}: newer releases want {} {}", pypi[project].name,
                                         pypi[project].releases[release].text, name, version->text(), name,
                                         specifiers.text()));
        }
    }
    return broken;
}

}  // namespace aimlock::engine
