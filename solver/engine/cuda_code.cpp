#include "solver/engine/cuda_code.hpp"

#include <algorithm>
#include <map>

#include "solver/engine/cuda_major.hpp"
#include "solver/engine/gpu_fit.hpp"

namespace aimlock::engine {
namespace {

bool has_libraries(const WheelFile& wheel) {
    return !wheel.file_name.ends_with("-any.whl") && wheel.file_name.find("-win") == std::string::npos;
}

bool runs_on_gpu(const WheelCode& code, ComputeCapability gpu, const CudaLimits& limits) {
    const std::pair driver(*limits.driver_major, limits.driver_minor);
    return std::ranges::any_of(code.architectures, [&](const GpuArchitecture& architecture) {
        return runs_on(architecture, gpu, driver);
    });
}

std::optional<ComputeCapability> first_without(const WheelCode& code, const CudaLimits& limits) {
    if (code.architectures.empty()) return std::nullopt;
    const auto lacking = std::ranges::find_if(
        limits.fleet, [&](ComputeCapability gpu) { return !runs_on_gpu(code, gpu, limits); });
    return lacking == limits.fleet.end() ? std::nullopt : std::optional(*lacking);
}

/// Made for GPUs, by name or metadata: without code for a GPU it is of no use there.
bool is_for_gpus(const Project& project, const Release& release) {
    return project.name.ends_with("-gpu") || (release.requirements && release.requirements->cuda_major);
}

/// Kernels for one generation of GPUs alone are an addition to something that runs on others, too (torchao).
bool is_addition(const WheelCode& code) {
    std::optional<unsigned> only;
    for (const GpuArchitecture& architecture : code.architectures) {
        if (architecture.kind != GpuArchitecture::Kind::cubin || architecture.variant != '\0') continue;
        if (only && *only != architecture.number / 10) return false;
        only = architecture.number / 10;
    }
    return true;
}

/// Whether a requirement on it makes a wheel with libraries one for GPUs.
bool is_cuda_framework(std::string_view name) {
    return name == "torch" || name == "cuda-toolkit" || is_cuda_library(name) ||
           name.starts_with("cupy-cuda") || name.starts_with("jax-cuda");
}

/// Whether what was read of a wheel is enough to refuse it for a GPU.
bool refuses(const Project& project, const Release& release) {
    const WheelCode& code = **release.code;
    return code.whole && (is_for_gpus(project, release) || !is_addition(code));
}

/// The wheels of an answer whose libraries may tell something that is not known.
class Unknown {
public:
    Unknown(TargetSolver& solver, const Solved& solved)
        : pypi_(solver.pypi()), limits_(cuda_limits_of(solver.request().target)), solved_(solved) {}

    struct Wheel {
        ProjectId project;
        ReleaseId release;
        WheelFile file;
    };
    [[nodiscard]] std::vector<Wheel> list() const {
        std::vector<Wheel> found;
        if (!limits_.driver_major) return found;
        for (const SolvableId id : solved_.answer.installed) {
            const Origin& origin = solved_.answer.round.origins[id];
            if (origin.kind != Origin::Kind::release) continue;
            const WheelFile& file =
                pypi_.wheel(origin.project, origin.release, solved_.answer.python.value_or(0));
            const Project& project = pypi_[origin.project];
            if (has_libraries(file) && is_open(project, project.releases[origin.release]))
                found.push_back({origin.project, origin.release, file});
        }
        return found;
    }
    [[nodiscard]] const CudaLimits& limits() const { return limits_; }

private:
    /// Its CUDA or its GPUs are not known without reading it.
    [[nodiscard]] bool is_open(const Project& project, const Release& release) const {
        if (is_cuda_neutral(project.name) || is_cuda_library(project.name) || !release.requirements)
            return false;
        bool pins_torch = false;
        bool by_needs = false;
        for (const DependencyId id : release.requirements->base) {
            const PypiDependency& need = pypi_.dependency(id);
            const std::string& name = pypi_[need.project].name;
            by_needs = by_needs || is_cuda_framework(name);
            const bool pinned = pypi_.specifier_set(need.specifiers).pinned().has_value();
            pins_torch = pins_torch || (name == "torch" && pinned);
        }
        const auto known = limits_.measured_platform ? known_wheels(project.name, release.version)
                                                     : std::vector<KnownWheel>{};
        if (!is_for_gpus(project, release) && !by_needs && known.empty()) return false;
        const bool has_major = release.requirements->cuda_major || pins_torch || !known.empty();
        const bool has_code =
            limits_.fleet.empty() || is_build_of_toolkit(project.name, release.version) ||
            std::ranges::any_of(known, [](const KnownWheel& wheel) { return !wheel.cubins.empty(); });
        return !has_major || !has_code;
    }

    const PypiWorld& pypi_;
    CudaLimits limits_;
    const Solved& solved_;
};

/// Whether what was read of a wheel forbids it, by the CUDA major that the answer has otherwise.
bool is_refused(const Project& project,
                const Release& release,
                const CudaLimits& limits,
                const Solved& solved) {
    if (gpu_without_code(project, release, limits)) return true;
    const auto silent =
        release.requirements->cuda_major ? std::nullopt : silent_cuda_of(project, release, limits);
    if (!silent) return false;
    if (!limits.runs(silent->major)) return true;
    return !limits.mixed && std::ranges::any_of(solved.answer.installed, [&](SolvableId id) {
        const Origin& origin = solved.answer.round.origins[id];
        return origin.kind == Origin::Kind::cuda_major && origin.index != silent->major;
    });
}

}  // namespace

std::optional<SilentCuda> silent_cuda_of(const Project& project,
                                         const Release& release,
                                         const CudaLimits& limits) {
    // Libraries for several majors take what is there.
    if (is_code_known(release) && (*release.code)->cuda_majors.size() == 1)
        return SilentCuda{(*release.code)->cuda_majors.front(), false};
    if (is_code_known(release) || !limits.measured_platform) return std::nullopt;
    return silent_cuda_of(project.name, release.version);
}

std::optional<ComputeCapability> gpu_without_code(const Project& project,
                                                  const Release& release,
                                                  const CudaLimits& limits) {
    if (!is_code_known(release)) return gpu_not_covered(project.name, release.version, limits);
    if (!limits.driver_major || !refuses(project, release)) return std::nullopt;
    return first_without(**release.code, limits);
}

std::string code_evidence(const Project& project, const Release& release) {
    if (!is_code_known(release)) return covered_gpus(project.name, release.version);
    const std::string code = text_of((*release.code)->architectures);
    return code.empty() ? code : "its libraries hold " + code;
}

bool is_code_known(const Release& release) {
    return release.code != nullptr && release.code->has_value();
}

bool read_chosen_code(TargetSolver& solver, const Solved& solved) {
    const Unknown unknown(solver, solved);
    std::vector<Unknown::Wheel> asked;
    std::vector<WheelFile> files;
    for (Unknown::Wheel& wheel : unknown.list()) {
        const Release& release = solver.pypi()[wheel.project].releases[wheel.release];
        if (release.code != nullptr) continue;
        files.push_back(wheel.file);
        asked.push_back(std::move(wheel));
    }
    if (files.empty()) return false;
    const auto codes = solver.source().read_code(files);
    bool refused = false;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const Project& project = solver.pypi()[asked[i].project];
        const Release& release = project.releases[asked[i].release];
        solver.pypi().add_code(asked[i].project, asked[i].release, files[i].url, codes[i]);
        refused = is_refused(project, release, unknown.limits(), solved) || refused;
    }
    return refused;
}

Result<std::optional<Solved>> attempt_that_runs(TargetSolver& solver, const Roots& roots) {
    constexpr unsigned most_readings = 4;
    for (unsigned i = 0; i < most_readings; ++i) {
        auto solved = solver.attempt(roots);
        if (!solved || !*solved || !read_chosen_code(solver, **solved)) return solved;
    }
    return std::nullopt;
}

std::vector<std::string> unread_code(TargetSolver& solver, const Solved& solved) {
    const Unknown unknown(solver, solved);
    std::vector<std::string> said;
    std::map<std::string, std::string> faults;  // name and version -> why
    for (const Unknown::Wheel& wheel : unknown.list()) {
        const Project& project = solver.pypi()[wheel.project];
        const Release& release = project.releases[wheel.release];
        const std::string called = project.name + " " + release.text + " (PyPI)";
        if (release.code == nullptr) continue;  // of a source that reads no wheels
        const Result<WheelCode>& code = *release.code;
        if (!code) faults.emplace(called, code.error().message);
        if (!code || refuses(project, release) || unknown.limits().fleet.empty()) continue;
        if (code->architectures.empty()) {
            if (code->whole) continue;
            said.push_back("which GPUs " + called +
                           " runs on was not found out: no GPU code in what was read of it");
        } else if (const auto gpu = first_without(*code, unknown.limits())) {
            said.push_back(called + " may have no code for a GPU of architecture " + gpu->text() +
                           ": what was read of it holds " + text_of(code->architectures));
        }
    }
    if (faults.empty()) return said;
    std::string names;
    for (const auto& [called, why] : faults) names += (names.empty() ? "" : ", ") + called;
    said.push_back("not checked for CUDA and GPUs, since no library of it could be read: " + names + " (" +
                   faults.begin()->second + ")");
    return said;
}

}  // namespace aimlock::engine
