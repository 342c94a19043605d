#include "solver/engine/other_python.hpp"

#include <algorithm>

#include "solver/engine/cuda_code.hpp"

namespace aimlock::engine {

std::optional<OtherPython> OtherPython::of(TargetSolver& solver) {
    const auto& roots = solver.request().conda;
    const auto bound = std::ranges::find_if(roots, [](const CondaRoot& root) {
        return root.spec.name == "python" && root.spec.version && !root.spec.version->is_any();
    });
    if (bound == roots.end() || solver.request().pypi.empty()) return std::nullopt;
    OtherPython other;
    other.bound_ = *bound;
    other.request_ = std::make_unique<TargetRequest>(solver.request());
    for (CondaRoot& root : other.request_->conda) {
        if (root.spec.name == "python") root.spec.version.reset();
    }
    other.source_ = solver.source().keeping(wheel_filter({*other.request_}, solver.channels()));
    if (!other.source_) return std::nullopt;
    other.solver_ = std::make_unique<TargetSolver>(*other.request_, solver.options(), solver.channels(),
                                                   solver.name_map(), *other.source_, solver.progress());
    if (!other.solver_->prepare()) return std::nullopt;
    // What is asked leaves `python` out, build and all: a Python that were no candidate would fit every
    // wheel.
    other.solver_->consider_every_python();
    if (solver.prereleases_allowed()) other.solver_->allow_prereleases();
    return other;
}

bool OtherPython::solves(const Roots& core) {
    Roots rest = core;
    std::erase_if(rest.conda, [](const CondaRoot& root) { return root.spec.name == "python"; });
    if (rest.conda.size() != core.conda.size()) return false;  // it is in the core already
    const auto solved = solver_->attempt(rest);
    if (!solved || !*solved) return false;
    note_python(**solved);
    return true;
}

Result<std::optional<Solved>> OtherPython::attempt() {
    auto solved = attempt_that_runs(*solver_, solver_->all_roots());
    if (solved && *solved) note_python(**solved);
    return solved;
}

bool OtherPython::solves_whole(const CondaRoot& python) {
    Roots roots = solver_->all_roots();
    for (CondaRoot& root : roots.conda) {
        if (root.spec.name == "python") root = python;
    }
    const auto solved = solver_->attempt(roots);
    return solved && *solved;
}

void OtherPython::note_python(const Solved& solved) {
    if (!solved.answer.python) return;
    const PythonCandidate& python = solver_->pypi().pythons().candidates[*solved.answer.python];
    minor_ = "3." + std::to_string(python.minor);
    found_ = "Python " + minor_;
}

}  // namespace aimlock::engine
