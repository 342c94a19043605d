#include "solver/engine/cuda_warnings.hpp"

#include <algorithm>
#include <map>

#include "solver/engine/cuda_code.hpp"
#include "solver/engine/cuda_cpu_builds.hpp"
#include "solver/engine/cuda_extra.hpp"
#include "solver/engine/cuda_major.hpp"
#include "solver/engine/cuda_wheels.hpp"

namespace aimlock::engine {
namespace {

std::string called(const Package& package) {
    return package.name + " " + package.version + " (PyPI)";
}

class Warnings {
public:
    Warnings(TargetSolver& solver, const Solved& solved, const Solution& solution)
        : solver_(solver), solved_(solved), solution_(solution), limits_(cuda_limits_of(solution.target)) {}

    std::vector<std::string> write() {
        if (limits_.driver_major) {
            said_ = cpu_records(solver_, solved_);
            for (const Package& package : solution_.packages) {
                if (package.kind != PackageKind::pypi) continue;
                if (auto sentence = cpu_wheel(solver_, package, solution_)) said_.push_back(*sentence);
                tell_silent(package);
                tell_old_toolkit(package);
            }
        }
        tell_extras();
        tell_majors();
        return std::move(said_);
    }

private:
    // For GPUs by its name, and nothing says for which CUDA.
    void tell_silent(const Package& package) {
        const auto version = Pep440Version::parse(package.version);
        if (!package.name.ends_with("-gpu") || !version) return;
        const auto project = solver_.pypi().project(package.name);
        const auto release = solver_.pypi()[project].release_of(*version);
        if (!release) return;
        const Release& chosen = solver_.pypi()[project].releases[*release];
        const auto& known = chosen.requirements;
        const bool is_read = is_code_known(chosen) && !(*chosen.code)->cuda_majors.empty();
        if ((known && known->cuda_major) || is_read ||
            silent_cuda_of(solver_.pypi()[project], chosen, limits_))
            return;
        const bool brings_cuda = known && std::ranges::any_of(known->base, [&](DependencyId id) {
                                     const std::string& name =
                                         solver_.pypi()[solver_.pypi().dependency(id).project].name;
                                     return name.starts_with("nvidia-") || name == "cuda-toolkit";
                                 });
        if (!brings_cuda) {
            said_.push_back(called(package) +
                            " does not say which CUDA it was built for: try it on one of the target's GPUs");
        }
    }

    // Not refused, for it may hold PTX; not known to run either.
    void tell_old_toolkit(const Package& package) {
        const auto version = Pep440Version::parse(package.version);
        if (!version || !version->has_local() || limits_.fleet.empty()) return;
        const std::string local = version->local_text();
        if (!local.starts_with("cu") || local.size() < 5) return;
        const unsigned digits = static_cast<unsigned>(std::strtoul(local.c_str() + 2, nullptr, 10));
        for (const ComputeCapability gpu : limits_.fleet) {
            if (first_toolkit_for(gpu) <= std::pair(digits / 10, digits % 10)) continue;
            said_.push_back(called(package) +
                            " was made with a CUDA that does not know a GPU of architecture " + gpu.text());
            return;
        }
    }

    void tell_extras() {
        for (const SolvableId id : solved_.answer.installed) {
            const Origin& origin = solved_.answer.round.origins[id];
            if (origin.kind != Origin::Kind::extra) continue;
            const std::string extra(solver_.pypi().extra_name(origin.extra));
            const Project& project = solver_.pypi()[origin.project];
            const Release& release = project.releases[origin.release];
            if (!asks_for_cuda(extra) || !release.requirements || is_cuda_neutral(project.name)) continue;
            const std::string name = project.name + " " + release.text + " (PyPI) ";
            if (!release.requirements->by_extra.contains(origin.extra)) {
                said_.push_back(name + "has no extra `" + extra + "`: it brings no CUDA");
            } else if (release.requirements->hollow_extras.contains(origin.extra)) {
                said_.push_back("the extra `" + extra + "` of " + name + "brings no CUDA");
            }
        }
    }

    void tell_majors() {
        std::string majors;
        std::size_t count = 0;
        for (const SolvableId id : solved_.answer.installed) {
            const Origin& origin = solved_.answer.round.origins[id];
            if (origin.kind != Origin::Kind::cuda_major) continue;
            majors += (count++ == 0 ? "" : " and ") + std::to_string(origin.index);
        }
        if (count > 1) {
            said_.push_back("`cuda-mixed`: CUDA " + majors +
                            " stand beside each other, one process must not load both");
        }
    }

    TargetSolver& solver_;
    const Solved& solved_;
    const Solution& solution_;
    CudaLimits limits_;
    std::vector<std::string> said_;
};

}  // namespace

std::vector<std::string> cuda_warnings(TargetSolver& solver, const Solved& solved, const Solution& solution) {
    return Warnings(solver, solved, solution).write();
}

}  // namespace aimlock::engine
