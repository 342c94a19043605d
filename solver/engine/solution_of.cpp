#include <algorithm>
#include <map>
#include <set>

#include "solver/engine/cuda_code.hpp"
#include "solver/engine/cuda_facts.hpp"
#include "solver/engine/cuda_warnings.hpp"
#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {
namespace {

std::vector<std::string> texts(const Repodata& repodata, TextList list) {
    std::vector<std::string> copied;
    for (const TextId text : repodata.list(list)) copied.emplace_back(repodata.text(text));
    return copied;
}

Package conda_package(const CondaWorld& world, RecordId id) {
    const WorldRecord& chosen = world[id];
    const Repodata& repodata = *chosen.repodata;
    const CondaRecord& record = *chosen.record;
    Package package;
    package.kind = PackageKind::conda;
    package.name = std::string(world.name_of(id));
    package.version = std::string(repodata.text(record.version));
    package.build = std::string(repodata.text(record.build));
    package.build_number = record.build_number;
    package.url = repodata.base_url + std::string(repodata.text(record.file_name));
    package.sha256 = record.sha256;
    package.size_bytes = record.size_bytes;
    package.md5 = record.md5.hex();
    package.origin = repodata.channel;
    package.subdir = repodata.subdir;
    package.depends = texts(repodata, record.depends);
    package.constrains = texts(repodata, record.constrains);
    for (const Identity& identity : chosen.identities) {
        package.provides.push_back(identity.name + "==" + identity.version.text());
    }
    std::ranges::sort(package.provides);
    package.noarch = record.noarch == Noarch::python    ? "python"
                     : record.noarch == Noarch::generic ? "generic"
                                                        : "";
    package.python_site_packages_path = std::string(repodata.text(record.python_site_packages_path));
    package.license = std::string(repodata.text(record.license));
    package.track_features = std::string(repodata.text(record.track_features));
    package.timestamp_ms = record.timestamp_ms;
    return package;
}

Package pypi_package(const PypiWorld& pypi, const Origin& origin, std::size_t python) {
    const Project& project = pypi[origin.project];
    const Release& release = project.releases[origin.release];
    const WheelFile& wheel = pypi.wheel(origin.project, origin.release, python);
    Package package;
    package.kind = PackageKind::pypi;
    package.name = project.name;
    package.version = release.text;
    package.url = wheel.url;
    package.sha256 = wheel.sha256;
    package.size_bytes = wheel.size_bytes;
    package.origin = wheel.origin.empty() ? project.page.index : wheel.origin;
    const CoreMetadata& document = pypi.document(origin.project, origin.release, python);
    package.depends = document.requires_dist;
    if (package.size_bytes == 0) package.size_bytes = document.file_bytes;
    package.artifact = wheel.kind;
    package.build_requires = document.build_requires;
    package.direct = wheel.direct;
    package.subdirectory = wheel.subdirectory;
    package.requires_python =
        wheel.requires_python.empty() ? document.requires_python : wheel.requires_python;
    package.license = document.license;
    package.yanked = wheel.yanked;
    package.prerelease = release.prerelease;
    return package;
}

void add_notes(const TargetSolver& solver, Solution& solution) {
    const bool allowed = solver.options().prerelease == PrereleaseMode::allow;
    for (const Package& package : solution.packages) {
        if (package.prerelease && !allowed) {
            solution.notes.push_back(package.name + " " + package.version + " is a pre-release");
        }
        if (package.yanked)
            solution.notes.push_back(package.name + " " + package.version + " was yanked by its owner");
        if (package.artifact != ArtifactKind::wheel) {
            solution.notes.push_back(package.name + " " + package.version +
                                     " is built from source when it is installed");
        }
    }
    const bool both =
        std::ranges::any_of(solution.packages,
                            [](const Package& p) { return p.kind == PackageKind::conda; }) &&
        std::ranges::any_of(solution.packages, [](const Package& p) { return p.kind == PackageKind::pypi; });
    if (both && solver.name_map().is_built_in()) {
        solution.notes.emplace_back(
            "no name map: conda packages are taken for the PyPI projects of the same name");
    }
}

}  // namespace

Result<Solution> to_solution(TargetSolver& solver, const Solved& solved) {
    Solution solution;
    solution.target = solver.request().target;
    std::map<ProjectId, std::set<std::string>> extras;
    std::map<std::string, std::size_t> at;  // PyPI name -> position
    for (const SolvableId id : solved.answer.installed) {
        const Origin& origin = solved.answer.round.origins[id];
        if (origin.kind == Origin::Kind::record && solver.conda()[origin.index].record != nullptr) {
            solution.packages.push_back(conda_package(solver.conda(), origin.index));
        } else if (origin.kind == Origin::Kind::release) {
            const std::size_t python = solved.answer.python.value_or(0);
            Package package = pypi_package(solver.pypi(), origin, python);
            if (!package.sha256.known()) {
                const WheelFile& file = solver.pypi().wheel(origin.project, origin.release, python);
                const auto digest = solver.source().read_digest(file);
                if (!digest) return tl::make_unexpected(digest.error());
                package.sha256 = digest->sha256;
                package.size_bytes = digest->size_bytes;
            }
            solution.packages.push_back(std::move(package));
        } else if (origin.kind == Origin::Kind::extra) {
            extras[origin.project].emplace(solver.pypi().extra_name(origin.extra));
        }
    }
    for (Package& package : solution.packages) {
        if (!package.sha256.known()) {
            return fail(ErrorCode::integrity, "no sha256 is known for " + package.url,
                        "use a channel that states sha256 hashes");
        }
        if (package.kind != PackageKind::pypi) continue;
        const auto used = extras.find(solver.pypi().project(package.name));
        if (used != extras.end()) package.extras.assign(used->second.begin(), used->second.end());
    }
    std::ranges::sort(solution.packages, [](const Package& a, const Package& b) {
        return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
    });
    if (solved.answer.python) {
        solution.python_version = solver.pypi().pythons().candidates[*solved.answer.python].full_version;
    } else {
        for (const Package& package : solution.packages) {
            if (package.kind == PackageKind::conda && package.name == "python")
                solution.python_version = package.version;
        }
    }
    solution.cuda = cuda_facts_of(solver, solved, solution);
    add_notes(solver, solution);
    solution.warnings = cuda_warnings(solver, solved, solution);
    for (std::string& warning : unread_code(solver, solved)) solution.warnings.push_back(std::move(warning));
    solution.notes.insert(solution.notes.end(), solver.notes().begin(), solver.notes().end());
    return solution;
}

}  // namespace aimlock::engine
