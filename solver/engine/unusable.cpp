#include "solver/engine/unusable.hpp"

#include <algorithm>
#include <optional>

namespace aimlock::engine {
namespace {

/// What a page has of the releases that a specifier set admits and that are not candidates.
struct ReleasesSeen {
    std::optional<Pep440Version> yanked;
    std::string yanked_reason;
    std::optional<Pep440Version> prerelease;
    std::optional<Pep440Version> other_python;
    std::string requires_python;  ///< of it
    std::optional<Pep440Version> no_wheel;
    std::optional<Pep440Version> sdist_only;
    std::optional<Pep440Version> after_cutoff;
    std::optional<Pep440Version> not_static;
    std::string why_not_static;
};

void keep_newest(std::optional<Pep440Version>& newest, const Pep440Version& version) {
    if (!newest || *newest < version) newest = version;
}

ReleasesSeen releases_seen(const Project& project, const SpecifierSet& set) {
    ReleasesSeen seen;
    for (const Release& release : project.releases) {
        if (!set.admits(release.version)) continue;
        if (release.yanked) keep_newest(seen.yanked, release.version);
        if (release.prerelease) keep_newest(seen.prerelease, release.version);
        if (release.metadata && !release.metadata->unusable.empty() && !seen.not_static) {
            seen.not_static = release.version;
            seen.why_not_static = release.metadata->unusable;
        }
    }
    for (const WheelFile& wheel : project.page.wheels) {
        const auto version = version_of(wheel);
        if (!version || !set.admits(*version)) continue;
        if (wheel.yanked && seen.yanked_reason.empty()) seen.yanked_reason = wheel.yanked_reason;
        if (project.release_of(*version)) continue;
        if (!seen.other_python || *seen.other_python < *version) seen.requires_python = wheel.requires_python;
        keep_newest(wheel.requires_python.empty() ? seen.no_wheel : seen.other_python, *version);
    }
    for (const auto& [text, reason] : project.page.unusable) {
        const auto version = Pep440Version::parse(text);
        if (!version || !set.admits(*version)) continue;
        if (reason == UnusableReason::sdist_only) keep_newest(seen.sdist_only, *version);
        if (reason == UnusableReason::no_matching_wheel) keep_newest(seen.no_wheel, *version);
        if (reason == UnusableReason::after_cutoff) keep_newest(seen.after_cutoff, *version);
        if (reason == UnusableReason::yanked) keep_newest(seen.yanked, *version);
    }
    return seen;
}

std::string missing_project(TargetSolver& solver, const std::string& name) {
    std::string text = "no index has a project `" + name + "`";
    if (solver.conda().has_name(name)) text += "; a channel has a package of this name";
    return text;
}

// An address is asked for that the request does not take the project from.
std::string other_address(const TargetSolver& solver, const PypiDependency& dependency) {
    const PypiWorld& pypi = solver.pypi();
    const std::string& name = pypi[dependency.project].name;
    const std::string asked(pypi.address(dependency.address));
    const auto taken = pypi.direct.find(dependency.project);
    if (taken == pypi.direct.end())
        return "`" + name + " @ " + asked +
               "`: only the manifest may say that a package comes from an address";
    return "`" + name + "` is asked for from two addresses, " + taken->second + " and " + asked +
           ": one of them can be installed";
}

}  // namespace

Unusable unusable_releases(TargetSolver& solver, const PypiDependency& dependency, const std::string& asked) {
    const Project& project = solver.pypi()[dependency.project];
    if (dependency.address != 0 && !solver.pypi().specifier_set(dependency.specifiers).empty())
        return {other_address(solver, dependency), false, false, false};
    if (!project.page.exists) return {missing_project(solver, project.name), false, false, false};
    if (project.page.status == "quarantined")
        return {"the index has put `" + project.name + "` under quarantine: it offers no files", false, false,
                false};
    const ReleasesSeen seen = releases_seen(project, solver.pypi().specifier_set(dependency.specifiers));
    if (seen.not_static) {
        return {"the sources of " + project.name + " " + seen.not_static->text() +
                    " cannot be used: " + seen.why_not_static,
                false, false, false};
    }
    if (seen.yanked) {
        return {"every release of " + asked + " was withdrawn by its author (yanked" +
                    (seen.yanked_reason.empty() ? std::string() : ": " + seen.yanked_reason) +
                    "); only an exact pin takes one",
                false, false, false};
    }
    if (seen.prerelease) {
        return {"only pre-releases of " + asked + " exist (" + seen.prerelease->text() +
                    "), and pre-releases are not allowed",
                false, false, true};
    }
    if (seen.other_python && !seen.requires_python.empty()) {
        return {"no release of " + asked + " fits this target's Python (" + seen.other_python->text() +
                    " needs Python " + seen.requires_python + ")",
                true, false, false};
    }
    if (seen.no_wheel) {
        return {"no release of " + asked + " has a wheel for this target's Python, platform and glibc (" +
                    seen.no_wheel->text() + " has others)",
                true,
                false,
                false,
                {project.name}};
    }
    if (seen.sdist_only) {
        return {"all releases of " + asked + " are source distributions (sdist); only wheels are installed",
                false,
                false,
                false,
                {project.name}};
    }
    if (seen.after_cutoff) {
        return {"all releases of " + asked + " are newer than the cut-off (exclude-newer)", false, false,
                false};
    }
    return {"no release of " + project.name + " meets " + asked, false, false, false};
}

Unusable unusable_records(TargetSolver& solver, SpecId id, const std::string& asked) {
    CondaWorld& world = solver.conda();
    const MatchSpec& spec = world.spec(id);
    std::optional<std::string> late;
    std::optional<std::string> shut_out;
    std::optional<std::string> other_platform;
    for (const Channel& channel : solver.channels()) {
        for (const Repodata& repodata : channel.subdirs) {
            const bool platform =
                repodata.subdir == "noarch" || repodata.subdir == solver.request().target.platform;
            for (const CondaRecord& record : repodata.records_named(spec.name)) {
                const auto version = CondaVersion::parse(repodata.text(record.version));
                if (!version) continue;
                MatchFields fields;
                fields.name = spec.name;
                fields.version = &*version;
                fields.build = repodata.text(record.build);
                fields.build_number = record.build_number;
                fields.channel = repodata.channel;
                fields.subdir = repodata.subdir;
                fields.flags = repodata.text(record.flags);
                if (!spec.matches(fields)) continue;
                const auto& cutoff = solver.options().exclude_newer_ms;
                if (!platform) {
                    other_platform = repodata.subdir;
                } else if (cutoff && static_cast<std::int64_t>(record.timestamp_ms) >= *cutoff) {
                    late = version->text();
                } else {
                    shut_out = version->text() + " of channel `" + channel.name + "`";
                }
            }
        }
    }
    const std::string name(spec.name);
    if (shut_out) {
        return {"no record of " + name + " meets `" + asked + "` but " + *shut_out +
                    ", and an earlier channel has the name (channel-priority)",
                false, true, false};
    }
    if (late) {
        return {"no record of " + name + " meets `" + asked + "` but " + *late +
                    ", which is newer than the cut-off (exclude-newer)",
                false, false, false};
    }
    if (other_platform)
        return {"`" + asked + "` exists for " + *other_platform + " only", false, false, false};
    if (world.has_name(name)) return {"no record of " + name + " meets `" + asked + "`", false, false, false};
    const std::string nearest = world.nearest_name(name);
    return {"no channel has a package `" + name + "`" +
                (nearest.empty() ? std::string() : "; the nearest name is `" + nearest + "`"),
            false, false, false};
}

}  // namespace aimlock::engine
