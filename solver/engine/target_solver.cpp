#include "solver/engine/target_solver.hpp"

#include <algorithm>

#include "solver/engine/cuda_major.hpp"

namespace aimlock::engine {

Roots Roots::subset(const std::vector<bool>& keep) const {
    Roots roots;
    for (std::size_t i = 0; i < conda.size(); ++i) {
        if (keep[i]) roots.conda.push_back(conda[i]);
    }
    for (std::size_t i = 0; i < pypi.size(); ++i) {
        if (keep[conda.size() + i]) roots.pypi.push_back(pypi[i]);
    }
    return roots;
}

TargetSolver::TargetSolver(const TargetRequest& request,
                           const SolveOptions& options,
                           const std::vector<Channel>& channels,
                           const NameMap& name_map,
                           MetadataSource& source,
                           Progress& progress)
    : request_(&request),
      options_(&options),
      channels_(&channels),
      name_map_(&name_map),
      source_(&source),
      progress_(&progress) {
    windows_.width = options.window;
    conda_ = std::make_unique<CondaWorld>(channels, request.target, options, name_map, request.conda);
}

TargetSolver::TargetSolver(const TargetRequest& request,
                           const SolveOptions& options,
                           const TargetSolver& like)
    : TargetSolver(request, options, *like.channels_, *like.name_map_, *like.source_, *like.progress_) {
    codes_ = like.codes_;
}

namespace {

tl::unexpected<Error> nothing_brings_python(TargetSolver& solver) {
    const bool is_hidden = std::ranges::any_of(solver.channels(), [&](const Channel& channel) {
        return std::ranges::any_of(channel.subdirs, [&](const Repodata& repodata) {
            const bool platform =
                repodata.subdir == "noarch" || repodata.subdir == solver.request().target.platform;
            return platform && !repodata.records_named("python").empty();
        });
    });
    if (is_hidden && solver.options().exclude_newer_ms && !solver.conda().has_name("python")) {
        return fail(
            ErrorCode::target,
            "PyPI packages are asked for, and every `python` of the channels is newer than the cut-off "
            "(exclude-newer)",
            "set exclude-newer to a later time, or name the base image's Python with `--python 3.12`");
    }
    return fail(ErrorCode::target, "PyPI packages are asked for, but nothing brings a Python",
                "add `python` to the conda requirements, or name the base image's with `--python 3.12`");
}

}  // namespace

Result<void> TargetSolver::prepare() {
    std::optional<Pythons> pythons;
    const bool asks_for_python = std::ranges::any_of(
        request_->conda, [](const CondaRoot& root) { return root.spec.name == "python"; });
    python_from_conda_ = !request_->pypi.empty() && (asks_for_python || conda_->has_name("python"));
    conda_->expand(conda_specs(all_roots()));
    if (python_from_conda_) {
        const CondaSelection& selection = selection_of(all_roots(), {}, false);
        pythons = Pythons::of_conda(*conda_, selection.records, request_->target);
    } else if (request_->target.python) {
        pythons = Pythons::of_base_image(*request_->target.python, request_->target);
        if (!pythons) {
            return fail(ErrorCode::target, "`" + *request_->target.python + "` is not a version of Python 3",
                        "write it as `3.12` or `3.12.7`");
        }
    }
    if (!pythons) {
        if (!request_->pypi.empty()) {
            return nothing_brings_python(*this);
        }
        pythons.emplace();
    }
    start_with(*std::move(pythons));
    return {};
}

void TargetSolver::start_with(Pythons pythons) {
    part_.reset();  // it names the Pythons
    pypi_ = std::make_unique<PypiWorld>(std::move(pythons), codes_);
    pypi_->lowest_all = options_->resolution == ResolutionMode::lowest;
    pypi_->set_allow_prereleases(prereleases_allowed_ || options_->prerelease == PrereleaseMode::allow);
    if (options_->prerelease == PrereleaseMode::disallow) pypi_->set_disallow_prereleases();
    for (const PypiRoot& root : request_->pypi) {
        const ProjectId project = pypi_->project(root.requirement.name);
        if (root.requirement.specifiers.names_prerelease()) pypi_->prerelease_projects.insert(project);
        if (options_->resolution == ResolutionMode::lowest_direct) pypi_->lowest_projects.insert(project);
        if (!root.requirement.url) continue;
        // Of two addresses the first holds; the other is met by nothing.
        if (const auto address = DirectUrl::parse(*root.requirement.url)) {
            pypi_->direct.emplace(project, address->identity());
            pypi_->prerelease_projects.insert(project);
        }
    }
    for (const std::string& name : request_->raised) pypi_->raised_projects.insert(pypi_->project(name));
    for (const PreferredVersion& kept : request_->preferred) {
        auto version = Pep440Version::parse(kept.version);
        if (kept.kind == PackageKind::pypi && version)
            pypi_->preferred.emplace(pypi_->project(kept.name), *std::move(version));
    }
    discovery_ = std::make_unique<Discovery>(*pypi_, *source_);
    rounds_ = std::make_unique<Rounds>(*conda_, *pypi_, *discovery_, windows_, stats_, *progress_);
}

bool TargetSolver::consider_every_python() {
    if (!python_from_conda_) return false;
    std::vector<RecordId> records = conda_->records_named("python");
    conda_->sort_best_first(records, false);
    Pythons pythons = Pythons::of_conda(*conda_, records, request_->target);
    if (pythons.candidates.size() == pypi_->pythons().candidates.size()) return false;
    const std::size_t width = windows_.width;
    windows_ = {};
    windows_.width = width;
    start_with(std::move(pythons));
    return true;
}

// Virtual packages are always there: a problem without them would refuse what the host can run. `python`
// comes before all other roots, for nearly everything hangs on it.
std::vector<SpecId> TargetSolver::conda_specs(const Roots& roots) {
    std::vector<SpecId> specs;
    for (const VirtualPackage& package : request_->target.virtual_packages())
        specs.push_back(conda_->intern(package.name));
    for (const bool python : {true, false}) {
        for (const CondaRoot& root : roots.conda) {
            if ((root.spec.name == "python") == python) specs.push_back(conda_->intern(root.spec));
        }
        if (python && python_from_conda_ && !roots.pypi.empty()) specs.push_back(conda_->intern("python"));
    }
    return specs;
}

CondaPreference TargetSolver::conda_preference() {
    CondaPreference preference;
    preference.raised = request_->raised;
    preference.lowest_all = options_->resolution == ResolutionMode::lowest;
    preference.lowest_roots = options_->resolution == ResolutionMode::lowest_direct;
    for (const PreferredVersion& kept : request_->preferred) {
        if (kept.kind != PackageKind::conda) continue;
        const auto version = CondaVersion::parse(kept.version);
        if (!version) continue;
        for (const RecordId id : conda_->records_named(kept.name)) {
            if (conda_->version_of(id) != *version) continue;
            const bool same_build = kept.build.empty() || (*conda_)[id].build == kept.build;
            preference.kept.emplace(id, same_build ? 2 : 1);
        }
    }
    return preference;
}

CondaPart TargetSolver::conda_part(const Roots& roots, bool every_record) {
    std::vector<SpecId> constraints;
    for (const CondaRoot& constraint : request_->conda_constraints)
        constraints.push_back(conda_->intern(constraint.spec));
    CondaPreference preference = conda_preference();
    preference.constraints = constraints;
    const CondaSelection& selection = selection_of(roots, preference, every_record);
    if (!part_) part_ = encode_conda(*conda_, selection, constraints, pypi_->pythons());
    return *part_;
}

// What is reached, alive and best follows from the question alone: the world only ever grows by what other
// questions reach.
const CondaSelection& TargetSolver::selection_of(const Roots& roots,
                                                 const CondaPreference& preference,
                                                 bool every_record) {
    std::vector<SpecId> specs = conda_specs(roots);
    const bool same = selected_ && selected_->specs == specs && selected_->preference == preference &&
                      selected_->every_record == every_record;
    if (!same) {
        part_.reset();
        CondaSelection selection = select_conda(*conda_, specs, preference, every_record);
        selected_ = Selected{std::move(specs), preference, every_record, std::move(selection)};
    }
    return selected_->selection;
}

RoundsInput TargetSolver::rounds_input(const Roots& roots, const CondaPart& part) {
    RoundsInput input;
    input.conda = &part;
    for (const PypiRoot& root : roots.pypi) {
        for (const DependencyId dependency : pypi_->lower(root.requirement, {}, false)) {
            input.jobs.push_back({dependency, root.requirement.specifiers.has_upper_bound()});
        }
    }
    for (const PypiRoot& constraint : request_->pypi_constraints) {
        input.filter.bounds[pypi_->project(constraint.requirement.name)].push_back(
            pypi_->specifiers(constraint.requirement.specifiers));
    }
    input.hope_for_names = true;
    input.cuda = cuda_limits_of(request_->target);
    if (bindings_major_) {
        const auto bound = SpecifierSet::parse("<" + std::to_string(*bindings_major_ + 1));
        for (const std::string_view name : cuda_bindings_names)
            input.filter.bounds[pypi_->project(name)].push_back(pypi_->specifiers(*bound));
    }
    return input;
}

CondaPart TargetSolver::closed_part(const Roots& roots) {
    conda_->expand(conda_specs(roots));
    return conda_part(roots, false);
}

Result<std::optional<Solved>> TargetSolver::attempt(const Roots& roots, Goals goals) {
    Solved solved;
    solved.conda = closed_part(roots);
    RoundsInput input = rounds_input(roots, solved.conda);
    input.goals = std::move(goals);
    auto answer = rounds_->run(input);
    if (!answer) return tl::make_unexpected(answer.error());
    if (!*answer) return std::nullopt;
    solved.answer = **std::move(answer);
    return solved;
}

bool TargetSolver::may_be_solvable(const Roots& roots) {
    const CondaPart part = closed_part(roots);
    return rounds_->may_be_solvable(rounds_input(roots, part));
}

}  // namespace aimlock::engine
