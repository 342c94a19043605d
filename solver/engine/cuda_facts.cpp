#include "solver/engine/cuda_facts.hpp"

#include <algorithm>
#include <array>

#include "solver/engine/cuda_code.hpp"
#include "solver/engine/cuda_package.hpp"

namespace aimlock::engine {
namespace {

// Every compute capability that NVIDIA names since CUDA 11.
constexpr std::array<ComputeCapability, 19> generations{{{5, 0},
                                                         {5, 2},
                                                         {5, 3},
                                                         {6, 0},
                                                         {6, 1},
                                                         {6, 2},
                                                         {7, 0},
                                                         {7, 2},
                                                         {7, 5},
                                                         {8, 0},
                                                         {8, 6},
                                                         {8, 7},
                                                         {8, 9},
                                                         {9, 0},
                                                         {10, 0},
                                                         {10, 3},
                                                         {11, 0},
                                                         {12, 0},
                                                         {12, 1}}};

/// That a newer release lacks some GPUs tells nothing of those that it has.
bool is_code_told(const Project& project, const Release& release) {
    if (is_code_known(release)) return (*release.code)->whole && !(*release.code)->architectures.empty();
    return is_build_of_toolkit(project.name, release.version) ||
           std::ranges::any_of(known_wheels(project.name, release.version),
                               [](const KnownWheel& wheel) { return !wheel.cubins.empty(); });
}

/// The GPUs that all wheels of an answer have code for whose code is known; empty: of none it is known.
std::vector<std::string> covered_by_all(const TargetSolver& solver, const Solved& solved, unsigned major) {
    std::vector<std::pair<const Project*, const Release*>> known;
    for (const SolvableId id : solved.answer.installed) {
        const Origin& origin = solved.answer.round.origins[id];
        if (origin.kind != Origin::Kind::release) continue;
        const Project& project = solver.pypi()[origin.project];
        const Release& release = project.releases[origin.release];
        if (is_code_told(project, release)) known.emplace_back(&project, &release);
    }
    std::vector<std::string> covered;
    CudaLimits limits = cuda_limits_of(solver.request().target);
    if (known.empty() || !limits.measured_platform) return covered;
    for (const ComputeCapability gpu : generations) {
        limits.fleet = {gpu};
        // A driver knows no GPU that is younger than its CUDA.
        if (first_toolkit_for(gpu) > std::pair(*limits.driver_major, limits.driver_minor)) continue;
        if (limits.gpu_without_code(major)) continue;
        const auto lacks = [&](const auto& wheel) {
            return gpu_without_code(*wheel.first, *wheel.second, limits).has_value();
        };
        if (std::ranges::none_of(known, lacks)) covered.push_back(gpu.text());
    }
    return covered;
}

}  // namespace

CudaFacts cuda_facts_of(TargetSolver& solver, const Solved& solved, const Solution& solution) {
    CudaFacts facts;
    if (!cuda_limits_of(solver.request().target).driver_major) return facts;
    for (const SolvableId id : solved.answer.installed) {
        const Origin& origin = solved.answer.round.origins[id];
        if (origin.kind == Origin::Kind::cuda_major) facts.major = std::max(facts.major, origin.index);
    }
    std::vector<const Package*> packages;
    for (const Package& package : solution.packages) packages.push_back(&package);
    const auto needed = std::max(oldest_cuda_for(packages), std::pair(facts.major, 0U));
    if (needed.first == 0) return facts;
    facts.driver = std::to_string(needed.first) + "." + std::to_string(needed.second);
    facts.gpus = covered_by_all(solver, solved, facts.major);
    return facts;
}

}  // namespace aimlock::engine
