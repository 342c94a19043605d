#include "solver/engine/cuda_bindings.hpp"

#include <algorithm>

#include "solver/engine/cuda_major.hpp"

namespace aimlock::engine {

Result<Solved> with_bindings_of_cuda_major(TargetSolver& solver, const Roots& roots, Solved first) {
    const CudaLimits limits = cuda_limits_of(solver.request().target);
    if (!limits.driver_major || limits.mixed) return first;
    unsigned major = *limits.driver_major;
    for (const SolvableId id : first.answer.installed) {
        const Origin& origin = first.answer.round.origins[id];
        if (origin.kind == Origin::Kind::cuda_major) major = origin.index;
    }
    const bool ahead = std::ranges::any_of(first.answer.installed, [&](SolvableId id) {
        const Origin& origin = first.answer.round.origins[id];
        if (origin.kind != Origin::Kind::release) return false;
        const Project& project = solver.pypi()[origin.project];
        return follows_cuda_major(project.name) && project.releases[origin.release].version.major() > major;
    });
    if (!ahead) return first;
    solver.bound_cuda_bindings(major);
    auto bounded = solver.attempt(roots);
    if (!bounded) return tl::make_unexpected(std::move(bounded).error());
    if (*bounded) return **std::move(bounded);
    solver.bound_cuda_bindings(std::nullopt);
    return first;
}

}  // namespace aimlock::engine
