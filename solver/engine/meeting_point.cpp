#include "solver/engine/meeting_point.hpp"

#include <algorithm>
#include <optional>
#include <ranges>

#include <fmt/format.h>

#include "solver/engine/grades.hpp"

namespace aimlock::engine {
namespace {

constexpr std::size_t most_told = 3;  // versions that are told one by one

/// A package that both sides install, with all its versions, the newest first.
struct Package {
    std::string called;
    GradedName grades;
    std::vector<std::pair<Grade, std::string>> versions;
};

/// One part of the core, which has a solution by itself.
class Side {
public:
    static std::optional<Side> of(TargetSolver& solver, Roots roots) {
        auto solved = solver.attempt(roots);
        if (!solved || !*solved) return std::nullopt;
        return Side(solver, std::move(roots), **std::move(solved));
    }

    [[nodiscard]] const Held& held() const { return held_; }
    [[nodiscard]] bool carries(const std::string& project) const {
        return solved_.conda.identities.contains(project);
    }
    /// False for certain when there is no solution with the package at this version.
    [[nodiscard]] bool may_have(const Package& package, Grade version) const {
        return possible({package.grades, version, version});
    }
    [[nodiscard]] bool needs(const Package& package) const {
        return !possible({package.grades, best_grade, best_grade});
    }
    [[nodiscard]] std::string written() const {
        std::vector<std::string> all;
        for (const CondaRoot& root : roots_.conda) all.push_back("`" + root.written + "`");
        for (const PypiRoot& root : roots_.pypi) all.push_back("`" + root.written + "`");
        if (all.size() == 1) return all.front() + " needs ";
        return fmt::format("{} together need ", fmt::join(all, ", "));
    }

private:
    Side(TargetSolver& solver, Roots roots, Solved solved)
        : solver_(&solver), roots_(std::move(roots)), solved_(std::move(solved)), held_(solver, solved_) {}

    [[nodiscard]] bool possible(Limit limit) const {
        RoundsInput input = solver_->rounds_input(roots_, solved_.conda);
        input.goals.limits = {std::move(limit)};
        return solver_->rounds().may_be_solvable(input);
    }

    TargetSolver* solver_;
    Roots roots_;
    Solved solved_;
    Held held_;
};

Package conda_package(TargetSolver& solver, const std::string& name) {
    Package package{name + " (conda)", conda_versions(solver, name, false), {}};
    for (const RecordId id : solver.conda().records_named(name))
        package.versions.emplace_back(package.grades->of_record(id), solver.conda().version_of(id).text());
    std::ranges::sort(package.versions, std::greater{});
    const auto same = std::ranges::unique(package.versions);
    package.versions.erase(same.begin(), same.end());
    return package;
}

Package pypi_package(TargetSolver& solver, ProjectId id) {
    auto grades = std::make_shared<Graded>();
    const Project& project = solver.pypi()[id];
    const auto count = static_cast<Grade>(project.releases.size());
    grades->project = id;
    grades->of_release = [count](ReleaseId release) { return count - static_cast<Grade>(release); };
    grades->of_record = [](RecordId) { return Grade{0}; };
    Package package{project.name + " (PyPI)", grades, {}};
    for (ReleaseId release = 0; release < project.releases.size(); ++release)
        package.versions.emplace_back(grades->of_release(release), project.releases[release].text);
    return package;
}

// What both sides have, at different versions.
std::vector<Package> in_both(TargetSolver& solver, const Side& one, const Side& others) {
    std::vector<Package> found;
    for (const auto& [name, record] : one.held().records) {
        const auto other = others.held().records.find(name);
        if (other == others.held().records.end()) continue;
        if (solver.conda().version_of(record) != solver.conda().version_of(other->second))
            found.push_back(conda_package(solver, name));
    }
    for (const auto& [project, release] : one.held().releases) {
        const auto other = others.held().releases.find(project);
        if (other == others.held().releases.end() || other->second == release) continue;
        const std::string& name = solver.pypi()[project].name;
        if (!one.carries(name) && !others.carries(name)) found.push_back(pypi_package(solver, project));
    }
    return found;
}

// `versions`: positions, the newest first.
std::string told(const Package& package, const std::vector<std::size_t>& versions) {
    std::vector<std::string> texts;
    for (const std::size_t version : std::views::reverse(versions)) {
        const std::string& text = package.versions[version].second;
        if (texts.empty() || texts.back() != text) texts.push_back(text);
    }
    if (texts.size() <= most_told) return fmt::format("{} {}", package.called, fmt::join(texts, " or "));
    const bool in_a_row = versions.back() - versions.front() + 1 == versions.size();
    const std::string range = fmt::format("{} to {}", texts.front(), texts.back());
    if (in_a_row) return fmt::format("{} {}", package.called, range);
    return fmt::format("{} at one of {} versions from {}", package.called, texts.size(), range);
}

// The versions that a side may have, as positions.
std::vector<std::size_t> versions_of(const Side& side, const Package& package) {
    std::vector<std::size_t> possible;
    for (std::size_t i = 0; i < package.versions.size(); ++i) {
        if (side.may_have(package, package.versions[i].first)) possible.push_back(i);
    }
    return possible;
}

std::vector<std::string> meets_nowhere(TargetSolver& solver, const Side& one, const Side& others) {
    for (const Package& package : in_both(solver, one, others)) {
        const Grade own = *one.held().grade(solver, *package.grades);
        const Grade theirs = *others.held().grade(solver, *package.grades);
        if (one.may_have(package, theirs) || others.may_have(package, own)) continue;
        if (!one.needs(package) || !others.needs(package)) continue;
        const auto left = versions_of(one, package);
        const auto right = versions_of(others, package);
        std::vector<std::size_t> common;
        std::ranges::set_intersection(left, right, std::back_inserter(common));
        if (common.empty())
            return {one.written() + told(package, left), others.written() + told(package, right)};
    }
    return {};
}

}  // namespace

std::vector<std::string> meeting_point(TargetSolver& solver, const Roots& core) {
    for (std::size_t i = 0; i < core.count() && core.count() > 1; ++i) {
        std::vector<bool> keep(core.count(), false);
        keep[i] = true;
        const auto one = Side::of(solver, core.subset(keep));
        keep.flip();
        const auto others = Side::of(solver, core.subset(keep));
        if (!one || !others) continue;
        if (auto lines = meets_nowhere(solver, *one, *others); !lines.empty()) return lines;
    }
    return {};
}

}  // namespace aimlock::engine
