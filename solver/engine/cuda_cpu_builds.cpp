#include "solver/engine/cuda_cpu_builds.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "solver/engine/cuda_major.hpp"

namespace aimlock::engine {
namespace {

// A record that needs one of these is a build for CUDA.
bool is_cuda_name(std::string_view name) {
    constexpr std::array<std::string_view, 9> names{"__cuda",      "cuda-version", "cudatoolkit",
                                                    "cuda-cudart", "pytorch-cuda", "libcublas",
                                                    "cudnn",       "nccl",         "cuda-nvrtc"};
    return std::ranges::find(names, name) != names.end();
}

// Tells builds for CUDA. Thousands of records share their dependencies: those are looked at once.
class GpuBuilds {
public:
    explicit GpuBuilds(const CondaWorld& world) : world_(world) {}

    bool contain(RecordId id) {
        if (world_.cuda_major_of(id)) return true;
        const WorldRecord& record = world_[id];
        if (record.record == nullptr) return false;
        const auto depends = record.repodata->list(record.record->depends);
        const auto [known, is_new] = known_.try_emplace(std::pair(depends.data(), depends.size()), false);
        if (is_new) {
            known->second = std::ranges::any_of(depends, [&](TextId text) {
                return is_cuda_name(match_spec_name(record.repodata->text(text)));
            });
        }
        return known->second;
    }

private:
    const CondaWorld& world_;
    std::map<std::pair<const TextId*, std::size_t>, bool> known_;
};

class RecordsOfTheAnswer {
public:
    RecordsOfTheAnswer(TargetSolver& solver, const Solved& solved)
        : world_(solver.conda()), gpu_builds_(world_), limits_(cuda_limits_of(solver.request().target)) {
        for (const SolvableId id : solved.answer.installed) {
            const Origin& origin = solved.answer.round.origins[id];
            if (origin.kind == Origin::Kind::record) chosen_.insert(origin.index);
        }
        for (const RecordId id : chosen_) names_.insert(world_[id].name);
    }

    [[nodiscard]] const std::set<RecordId>& chosen() const { return chosen_; }
    bool is_gpu_build(RecordId id) { return gpu_builds_.contain(id); }

    // The best build for CUDA of the record's name that the driver runs and the chosen packages allow.
    std::optional<RecordId> gpu_sibling(RecordId cpu) {
        std::vector<RecordId> fitting;
        for (const RecordId id : world_.records_of(world_[cpu].name)) {
            if (gpu_builds_.contain(id) && runs(id)) fitting.push_back(id);
        }
        if (fitting.empty()) return std::nullopt;
        world_.sort_best_first(fitting, false);
        return fitting.front();
    }

private:
    // Python is asked only: other packages move with the build.
    bool runs(RecordId id) {
        const auto major = world_.cuda_major_of(id);
        if (major && !limits_.runs(*major)) return false;
        const WorldRecord& record = world_[id];
        for (const TextId text : record.repodata->list(record.record->depends)) {
            const std::string_view spec = record.repodata->text(text);
            const std::string_view name = match_spec_name(spec);
            if (name != "python" && name != "python_abi" && name != "__cuda" && name != "cuda-version")
                continue;
            const auto& candidates = world_.candidates(world_.intern(spec));
            const bool virtual_or_cuda = name == "__cuda" || name == "cuda-version";
            if (virtual_or_cuda ? candidates.empty() : !any_chosen(candidates, name)) return false;
        }
        return true;
    }

    bool any_chosen(const std::vector<RecordId>& candidates, std::string_view name) {
        const auto& all = world_.records_named(name);
        if (all.empty() || !names_.contains(world_[all.front()].name)) return true;
        return std::ranges::any_of(candidates, [&](RecordId id) { return chosen_.contains(id); });
    }

    CondaWorld& world_;
    GpuBuilds gpu_builds_;
    CudaLimits limits_;
    std::set<RecordId> chosen_;
    std::set<std::uint32_t> names_;
};

struct CpuProject {
    std::string_view name;
    std::string_view ask;  // instead of it
};
// Projects whose builds for GPUs have another name. They are named where they were asked for by name only:
// many packages need them for the CPU on purpose.
constexpr std::array<CpuProject, 3> other_names{
    {{"onnxruntime", "onnxruntime-gpu"}, {"paddlepaddle", "paddlepaddle-gpu"}, {"xgboost-cpu", "xgboost"}}};

bool has_package(const Solution& solution, auto fits) {
    return std::ranges::any_of(solution.packages, [&](const Package& package) {
        return package.kind == PackageKind::pypi && fits(package.name);
    });
}

std::string on_cpu(const Package& package, const std::string& instead) {
    return package.name + " " + package.version +
           " (PyPI) is a build for the CPU on a target with GPUs: " + instead;
}

}  // namespace

std::vector<std::string> cpu_records(TargetSolver& solver, const Solved& solved) {
    std::vector<std::string> sentences;
    CondaWorld& world = solver.conda();
    RecordsOfTheAnswer answer(solver, solved);
    for (const RecordId id : answer.chosen()) {
        const bool is_virtual = world[id].record == nullptr;
        if (is_virtual || answer.is_gpu_build(id)) continue;
        const bool says_cpu = world[id].build.find("cpu") != std::string_view::npos;
        const bool has_gpu = std::ranges::any_of(world.records_of(world[id].name),
                                                 [&](RecordId other) { return answer.is_gpu_build(other); });
        if (!has_gpu) continue;
        const auto gpu = answer.gpu_sibling(id);
        if (!says_cpu && !gpu) continue;
        const std::string name(world.name_of(id));
        std::string text = name + " " + world.version_of(id).text() + " " + std::string(world[id].build) +
                           " (conda) is a build for the CPU on a target with GPUs: ";
        if (!gpu) {
            sentences.push_back(text + "no build for CUDA fits this target's driver and Python");
            continue;
        }
        const std::string build(world[*gpu].build);
        const bool by_pattern = build.find("cuda") != std::string::npos;
        sentences.push_back(text + "the newest for CUDA is " + world.version_of(*gpu).text() + " " + build +
                            ", ask for `" + name + " * " + (by_pattern ? std::string("*cuda*") : build) +
                            "`");
    }
    return sentences;
}

std::optional<std::string> cpu_wheel(TargetSolver& solver, const Package& package, const Solution& solution) {
    const CudaLimits limits = cuda_limits_of(solution.target);
    const std::string major = std::to_string(std::min(limits.driver_major.value_or(12), 13U));
    const auto version = Pep440Version::parse(package.version);
    const std::string index = "name an index of builds for CUDA " + major + " (its address ends in `/cu" +
                              major + "…`) with `index = …`";
    if (version && version->local_text().starts_with("cpu")) return on_cpu(package, index);
    if (package.name == "torch") {
        const bool has_cuda = has_package(solution, [](std::string_view name) {
            return name.starts_with("nvidia-cuda-runtime") || name.starts_with("nvidia-cublas");
        });
        if (has_cuda || (version && cuda_major_of(package.name, *version))) return std::nullopt;
        return on_cpu(package, index);
    }
    if (package.name == "jax") {
        const bool has_plugin =
            has_package(solution, [](std::string_view name) { return name.starts_with("jax-cuda"); });
        return has_plugin ? std::nullopt : std::optional(on_cpu(package, "ask for `jax[cuda" + major + "]`"));
    }
    if (package.name == "tensorflow") {
        const bool asked = std::ranges::find(package.extras, "and-cuda") != package.extras.end();
        return asked ? std::nullopt : std::optional(on_cpu(package, "ask for `tensorflow[and-cuda]`"));
    }
    if (package.name == "xgboost" && package.url.find("manylinux2014") != std::string::npos)
        return on_cpu(package, "the one for GPUs needs glibc 2.28");
    for (const CpuProject& project : other_names) {
        if (package.name != project.name) continue;
        const bool direct = std::ranges::any_of(solver.request().pypi, [&](const PypiRoot& root) {
            return root.requirement.name == package.name;
        });
        if (direct) return on_cpu(package, "ask for `" + std::string(project.ask) + "`");
    }
    return std::nullopt;
}

}  // namespace aimlock::engine
