#include "solver/engine/encoding_cuda.hpp"

#include <algorithm>

#include "solver/engine/cuda_code.hpp"
#include "solver/engine/cuda_extra.hpp"
#include "solver/engine/cuda_major.hpp"

namespace aimlock::engine {
namespace {

bool is_cpu_build(const Release& release) {
    return release.version.local_text().starts_with("cpu");
}

}  // namespace

void CudaRules::bind_records() {
    if (!limits_.driver_major) return;
    for (const auto& [major, solvable] : input_.conda->cuda_versions) {
        const KeyId key = major_key(major);  // may move the solvables
        round_.problem.solvables[solvable].requirements.push_back(key);
    }
}

void CudaRules::add_needs_of_release(const Origin& origin, std::set<KeyId>& requirements) {
    const Project& project = pypi_[origin.project];
    const Release& release = project.releases[origin.release];
    if (const auto major = need_of(project, release)) requirements.insert(major_key(*major));
    if (gpu_without_code(project, release, limits_))
        requirements.insert(refusal(KeyMeaning::Kind::gpu_code, origin));
    if (is_cpu_build_beside_gpu(origin)) requirements.insert(refusal(KeyMeaning::Kind::gpu_build, origin));
}

void CudaRules::add_needs_of_extra(const Origin& origin, std::set<KeyId>& requirements) {
    const std::string extra(pypi_.extra_name(origin.extra));
    if (!asks_for_cuda(extra) || is_cuda_neutral(pypi_[origin.project].name)) return;
    if (const auto major = cuda_major_of_extra(extra)) requirements.insert(major_key(*major));
    if (steps_back_past_cuda(origin, extra))
        requirements.insert(refusal(KeyMeaning::Kind::cuda_extra, origin));
}

std::optional<unsigned> CudaRules::need_of(const Project& project, const Release& release) const {
    const auto told = release.requirements ? release.requirements->cuda_major
                                           : cuda_major_of(project.name, release.version);
    if (told) {
        if (!limits_.driver_major && loads_cuda_lazily(project.name)) return std::nullopt;
        return told;
    }
    const auto silent = silent_cuda_of(project, release, limits_);
    if (!silent || (silent->lazily && !limits_.driver_major)) return std::nullopt;
    return silent->major;
}

// An index of builds by variant may have the newest version for the CPU and, for GPUs, for newer drivers
// only. Newest is not what a GPU target wants then. Who writes `+cpu` gets it.
bool CudaRules::is_cpu_build_beside_gpu(const Origin& origin) const {
    const Project& project = pypi_[origin.project];
    if (!limits_.driver_major || !is_cpu_build(project.releases[origin.release])) return false;
    for (const PypiJob& job : input_.jobs) {
        const PypiDependency& dependency = pypi_.dependency(job.dependency);
        const std::string asked = pypi_.specifier_set(dependency.specifiers).text();
        if (dependency.project == origin.project && asked.find("+cpu") != std::string::npos) return false;
    }
    return std::ranges::any_of(project.releases, [&](const Release& other) {
        const auto major = other.version.has_local() ? cuda_major_of(project.name, other.version)
                                                     : std::optional<unsigned>{};
        return major && limits_.runs(*major);
    });
}

// True for a release without the CUDA that was asked for, where a newer one in range has it: whatever keeps
// the newer one away, an environment without CUDA is no answer to it.
bool CudaRules::steps_back_past_cuda(const Origin& origin, std::string_view extra) const {
    const Project& project = pypi_[origin.project];
    const auto has_it = [&](const Release& release) {
        return release.requirements && release.requirements->by_extra.contains(origin.extra) &&
               !release.requirements->hollow_extras.contains(origin.extra);
    };
    const Release& release = project.releases[origin.release];
    if (!asks_for_cuda(extra) || !release.requirements || has_it(release)) return false;
    const auto in_range = [&](const Pep440Version& version) {
        return std::ranges::all_of(input_.jobs, [&](const PypiJob& job) {
            const PypiDependency& asked = pypi_.dependency(job.dependency);
            return asked.project != origin.project || asked.extra != origin.extra ||
                   pypi_.specifier_set(asked.specifiers).admits(version);
        });
    };
    return std::any_of(
        project.releases.begin(), project.releases.begin() + origin.release, [&](const Release& newer) {
            return !newer.prerelease && !newer.yanked && has_it(newer) && in_range(newer.version);
        });
}

KeyId CudaRules::major_key(unsigned major) {
    const auto [entry, is_new] = major_keys_.try_emplace(major, KeyId{0});
    if (!is_new) return entry->second;
    std::vector<SolvableId> providers;
    if (limits_.runs(major)) {
        const std::string name = limits_.mixed ? "c:cuda-major-" + std::to_string(major) : "c:cuda-major";
        if (limits_.mixed || !major_name_) major_name_ = round_.problem.add_name(name);
        providers.push_back(static_cast<SolvableId>(round_.problem.solvables.size()));
        round_.problem.solvables.push_back({*major_name_, major, {}, {}});
        round_.origins.push_back({Origin::Kind::cuda_major, major, 0, 0, no_extra});
    }
    return entry->second = round_.add_key({KeyMeaning::Kind::cuda, major, 0}, std::move(providers));
}

KeyId CudaRules::refusal(KeyMeaning::Kind kind, const Origin& origin) {
    return round_.add_key({kind, origin.project, origin.release}, {});
}

void CudaRules::exclude_shared_files() {
    if (limits_.driver_major && !limits_.mixed) return;  // they exclude each other by their majors
    std::map<std::string_view, std::map<ProjectId, std::vector<SolvableId>>> families;
    for (SolvableId id = 0; id < round_.origins.size(); ++id) {
        const Origin& origin = round_.origins[id];
        if (origin.kind != Origin::Kind::release) continue;
        const std::string_view family = cuda_file_family(pypi_[origin.project].name);
        if (!family.empty()) families[family][origin.project].push_back(id);
    }
    for (const auto& [family, builds] : families) {
        for (const auto& [project, own] : builds) {
            std::vector<SolvableId> others;
            for (const auto& [other, releases] : builds) {
                if (other != project) others.insert(others.end(), releases.begin(), releases.end());
            }
            if (others.empty()) continue;
            std::ranges::sort(others);
            const KeyId key = round_.add_key({KeyMeaning::Kind::other_major, project, 0}, std::move(others));
            for (const SolvableId id : own) round_.problem.solvables[id].conflicts.push_back(key);
        }
    }
}

}  // namespace aimlock::engine
