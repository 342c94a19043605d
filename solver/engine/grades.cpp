#include "solver/engine/grades.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace aimlock::engine {
namespace {

using RecordGrades = std::unordered_map<RecordId, Grade>;

// `absent`: the grade of what is not graded.
std::function<Grade(RecordId)> by_record(RecordGrades grades, Grade absent) {
    return [grades = std::move(grades), absent](RecordId id) {
        const auto found = grades.find(id);
        return found == grades.end() ? absent : found->second;
    };
}

GradedName conda_name(const std::string& name, RecordGrades grades) {
    auto graded = std::make_shared<Graded>();
    graded->conda_name = name;
    graded->of_record = by_record(std::move(grades), 0);
    return graded;
}

GradedName project_name(ProjectId project, std::vector<Grade> releases, RecordGrades records, Grade absent) {
    auto graded = std::make_shared<Graded>();
    graded->project = project;
    graded->of_release = [grades = std::move(releases), absent](ReleaseId release) {
        return release < grades.size() ? grades[release] : absent;
    };
    graded->of_record = by_record(std::move(records), absent);
    return graded;
}

// The first build of the record's version.
Grade first_build(const CondaWorld& world, RecordId id) {
    Grade first = best_grade;
    for (const RecordId other : world.records_of(world[id].name)) {
        if (world[other].version != world[id].version || world[other].record == nullptr) continue;
        const auto built = static_cast<Grade>(world[other].record->timestamp_ms);
        if (built != 0) first = std::min(first, built);
    }
    return first;
}

GradedName conda_order(TargetSolver& solver, const std::string& name, bool lowest, bool by_build) {
    const CondaWorld& world = solver.conda();
    std::vector<RecordId> records = solver.conda().records_named(name);
    solver.conda().sort_best_first(records, lowest);
    std::ranges::reverse(records);
    RecordGrades grades;
    Grade grade = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (i == 0 || by_build || world.compare_before_builds(records[i], records[i - 1], lowest) != 0)
            ++grade;
        grades.emplace(records[i], grade);
    }
    return conda_name(name, std::move(grades));
}

// A version is as old as its first upload or build in either world, and never newer than a version that comes
// after it: a late fix of an old series is as old as what replaced the series.
class Timeline {
public:
    void add(Grade version, Grade date) {
        Grade& first = first_.try_emplace(version, date).first->second;
        first = std::min(first, date);
    }
    void close() {
        Grade oldest = best_grade;
        for (auto entry = first_.rbegin(); entry != first_.rend(); ++entry) {
            if (entry->second != best_grade) entry->second = oldest = std::min(oldest, entry->second);
        }
    }
    /// The date of a version that was added; `close` comes before.
    [[nodiscard]] Grade date_of(Grade version) const { return first_.at(version); }

private:
    std::map<Grade, Grade> first_;  // by version
};

}  // namespace

Held::Held(const TargetSolver& solver, const Solved& solved) {
    for (const SolvableId id : solved.answer.installed) {
        const Origin& origin = solved.answer.round.origins[id];
        if (origin.kind == Origin::Kind::release) releases.emplace(origin.project, origin.release);
        if (origin.kind != Origin::Kind::record) continue;
        const CondaWorld& world = solver.conda();
        if (world[origin.index].record == nullptr) continue;
        records.emplace(world.name_of(origin.index), origin.index);
        for (const Identity& identity : world[origin.index].identities)
            carriers.emplace(identity.name, origin.index);
    }
}

std::optional<Pep440Version> Held::version(const TargetSolver& solver, ProjectId project) const {
    if (const auto release = releases.find(project); release != releases.end())
        return solver.pypi()[project].releases[release->second].version;
    const std::string& name = solver.pypi()[project].name;
    const auto carrier = carriers.find(name);
    if (carrier == carriers.end()) return std::nullopt;
    for (const Identity& identity : solver.conda()[carrier->second].identities) {
        if (identity.name == name) return identity.version;
    }
    return std::nullopt;
}

std::optional<Grade> Held::grade(const TargetSolver& solver, const Graded& graded) const {
    if (!graded.project) {
        const auto record = records.find(graded.conda_name);
        return record == records.end() ? std::nullopt : std::optional(graded.of_record(record->second));
    }
    if (const auto release = releases.find(*graded.project); release != releases.end())
        return graded.of_release(release->second);
    const auto carrier = carriers.find(solver.pypi()[*graded.project].name);
    return carrier == carriers.end() ? std::nullopt : std::optional(graded.of_record(carrier->second));
}

GradedName conda_dates(TargetSolver& solver, const std::string& name) {
    const GradedName versions = conda_versions(solver, name, false);
    Timeline timeline;
    RecordGrades dates;
    for (const RecordId id : solver.conda().records_named(name)) {
        timeline.add(versions->of_record(id), first_build(solver.conda(), id));
        dates.emplace(id, 0);
    }
    timeline.close();
    for (auto& [id, date] : dates) date = timeline.date_of(versions->of_record(id));
    return conda_name(name, std::move(dates));
}

GradedName project_dates(TargetSolver& solver, ProjectId project, const CondaPart& part) {
    const PypiWorld& pypi = solver.pypi();
    const GradedName versions = project_versions(solver, project, part, false);
    // Apart: a pre-release of the next series counts for less than any final release, and makes none new.
    std::map<bool, Timeline> timelines;
    const auto of_release = [&](ReleaseId id) { return versions->of_release(id); };
    for (ReleaseId id = 0; id < pypi[project].releases.size(); ++id) {
        const Release& release = pypi[project].releases[id];
        timelines[release.version.is_prerelease()].add(
            of_release(id), release.uploaded_ms == 0 ? best_grade : release.uploaded_ms);
    }
    std::map<RecordId, bool> carrying;  // and whether as a pre-release
    const auto carriers = part.identities.find(pypi[project].name);
    if (carriers != part.identities.end()) {
        for (const auto& [version, solvable] : carriers->second) {
            const RecordId id = part.origins[solvable].index;
            carrying.emplace(id, version.is_prerelease());
            timelines[version.is_prerelease()].add(versions->of_record(id), first_build(solver.conda(), id));
        }
    }
    for (auto& [prerelease, timeline] : timelines) timeline.close();
    std::vector<Grade> releases;
    for (ReleaseId id = 0; id < pypi[project].releases.size(); ++id) {
        const bool prerelease = pypi[project].releases[id].version.is_prerelease();
        releases.push_back(timelines[prerelease].date_of(of_release(id)));
    }
    RecordGrades records;
    for (const auto& [id, prerelease] : carrying)
        records.emplace(id, timelines[prerelease].date_of(versions->of_record(id)));
    return project_name(project, std::move(releases), std::move(records), best_grade);
}

GradedName conda_versions(TargetSolver& solver, const std::string& name, bool lowest) {
    return conda_order(solver, name, lowest, false);
}

GradedName conda_builds(TargetSolver& solver, const std::string& name, bool lowest) {
    return conda_order(solver, name, lowest, true);
}

GradedName project_versions(TargetSolver& solver, ProjectId project, const CondaPart& part, bool lowest) {
    const PypiWorld& pypi = solver.pypi();
    const bool wants_prereleases = pypi.prerelease_projects.contains(project);
    struct Place {
        bool final = true;
        Pep440Version version;
    };
    const auto place = [&](const Pep440Version& version) {
        return Place{wants_prereleases || !version.is_prerelease(), version};
    };
    const auto worse = [&](const Place& a, const Place& b) {
        if (a.final != b.final) return b.final;
        return lowest ? b.version < a.version : a.version < b.version;
    };
    std::vector<Place> places;
    for (const Release& release : pypi[project].releases) places.push_back(place(release.version));
    const auto carriers = part.identities.find(pypi[project].name);
    if (carriers != part.identities.end()) {
        for (const auto& [version, solvable] : carriers->second) places.push_back(place(version));
    }
    std::ranges::sort(places, worse);
    const auto grade_of = [&](const Pep440Version& version) {
        return static_cast<Grade>(std::ranges::lower_bound(places, place(version), worse) - places.begin());
    };
    std::vector<Grade> of_release;
    for (const Release& release : pypi[project].releases) of_release.push_back(grade_of(release.version));
    RecordGrades of_record;
    if (carriers != part.identities.end()) {
        for (const auto& [version, solvable] : carriers->second)
            of_record.emplace(part.origins[solvable].index, grade_of(version));
    }
    return project_name(project, std::move(of_release), std::move(of_record), 0);
}

GradedName preference(TargetSolver& solver, const PreferredVersion& preferred) {
    if (preferred.kind == PackageKind::conda) {
        const auto version = CondaVersion::parse(preferred.version);
        if (!version) return nullptr;
        RecordGrades grades;
        bool exists = false;
        for (const RecordId id : solver.conda().records_named(preferred.name)) {
            if (solver.conda().version_of(id) != *version) continue;
            const bool same = preferred.build.empty() || solver.conda()[id].build == preferred.build;
            grades.emplace(id, same ? kept_grade : 1);
            exists = true;
        }
        return exists ? conda_name(preferred.name, std::move(grades)) : nullptr;
    }
    auto version = Pep440Version::parse(preferred.version);
    if (!version) return nullptr;
    auto graded = std::make_shared<Graded>();
    graded->project = solver.pypi().project(preferred.name);
    // A version that does not exist any more is not preferred to anything.
    const auto exists = [&pypi = solver.pypi(), project = *graded->project, wanted = *version] {
        return pypi[project].release_of(wanted).has_value();
    };
    graded->of_release = [exists, &pypi = solver.pypi(), project = *graded->project,
                          wanted = *std::move(version)](ReleaseId release) {
        return !exists() || pypi[project].releases[release].version == wanted ? kept_grade : 0;
    };
    graded->of_record = [exists](RecordId) { return exists() ? 0 : kept_grade; };
    return graded;
}

}  // namespace aimlock::engine
