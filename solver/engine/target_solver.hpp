#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "solver/engine/conda_selection.hpp"
#include "solver/engine/conda_world.hpp"
#include "solver/engine/discovery.hpp"
#include "solver/engine/rounds.hpp"
#include "solver/engine/solve.hpp"

namespace aimlock::engine {

/// The roots of a target that take part in an attempt, in the manifest's order. A root can be replaced by a
/// looser one.
struct Roots {
    std::vector<CondaRoot> conda;
    std::vector<PypiRoot> pypi;

    [[nodiscard]] std::size_t count() const { return conda.size() + pypi.size(); }
    /// Those that `keep` has a true for, by position in one list: conda roots first.
    [[nodiscard]] Roots subset(const std::vector<bool>& keep) const;
};

/// An attempt that found an answer.
struct Solved {
    CondaPart conda;
    RoundsAnswer answer;
};

/// All that solving one target needs and keeps between attempts: both worlds, what was fetched, the windows.
/// Attempts on changed roots (the deletions of an explanation, the edits of a repair) reuse it.
class TargetSolver {
public:
    TargetSolver(const TargetRequest& request,
                 const SolveOptions& options,
                 const std::vector<Channel>& channels,
                 const NameMap& name_map,
                 MetadataSource& source,
                 Progress& progress);
    /// For another question about the same channels and indexes; what was read of wheels is known there, too.
    TargetSolver(const TargetRequest& request, const SolveOptions& options, const TargetSolver& like);

    /// Fails before any solve where the request cannot be asked: a wheel is wanted and no Python can be
    /// there.
    Result<void> prepare();

    /// From now on every Python of the channels is a candidate, not only those that the request's own roots
    /// leave: what follows asks for other roots. True where that makes a difference: then nothing is known of
    /// PyPI any more.
    bool consider_every_python();

    /// Solves for `roots`, fetching what is needed; nullopt: no solution.
    Result<std::optional<Solved>> attempt(const Roots& roots, Goals goals = {});
    /// The conda half for `roots`, its closure read.
    CondaPart closed_part(const Roots& roots);
    /// False when `roots` have no solution, whatever the documents say that were not read. Fetches nothing.
    bool may_be_solvable(const Roots& roots);
    /// Pre-releases count for every project from now on.
    void allow_prereleases() {
        prereleases_allowed_ = true;
        pypi_->set_allow_prereleases(true);
        windows_.seen.clear();  // the windows were chosen without them
    }
    /// Those of these projects count for every requirement from now on.
    void admit_prereleases_of(const std::set<ProjectId>& projects) {
        pypi_->admit_prereleases_of(projects);
        windows_.seen.clear();
    }

    [[nodiscard]] bool prereleases_allowed() const { return prereleases_allowed_; }

    /// NVIDIA's Python bindings of a newer CUDA major than this do not count from now on; nullopt: all do.
    void bound_cuda_bindings(std::optional<unsigned> major) { bindings_major_ = major; }
    /// What people should know of how the answer came about.
    std::vector<std::string>& notes() { return notes_; }

    [[nodiscard]] const TargetRequest& request() const { return *request_; }
    [[nodiscard]] const SolveOptions& options() const { return *options_; }
    [[nodiscard]] Roots all_roots() const { return {request_->conda, request_->pypi}; }
    CondaWorld& conda() { return *conda_; }
    [[nodiscard]] const CondaWorld& conda() const { return *conda_; }
    PypiWorld& pypi() { return *pypi_; }
    [[nodiscard]] const PypiWorld& pypi() const { return *pypi_; }
    Windows& windows() { return windows_; }
    Rounds& rounds() { return *rounds_; }
    SolveStats& stats() { return stats_; }
    [[nodiscard]] const NameMap& name_map() const { return *name_map_; }
    [[nodiscard]] const std::vector<Channel>& channels() const { return *channels_; }
    MetadataSource& source() { return *source_; }
    Progress& progress() { return *progress_; }

    /// The conda half for `roots`; with `every_record`, unpruned.
    CondaPart conda_part(const Roots& roots, bool every_record);
    RoundsInput rounds_input(const Roots& roots, const CondaPart& part);

private:
    std::vector<SpecId> conda_specs(const Roots& roots);
    CondaPreference conda_preference();
    const CondaSelection& selection_of(const Roots& roots,
                                       const CondaPreference& preference,
                                       bool every_record);
    void start_with(Pythons pythons);

    const TargetRequest* request_;
    const SolveOptions* options_;
    const std::vector<Channel>* channels_;
    const NameMap* name_map_;
    MetadataSource* source_;
    Progress* progress_;
    /// A question about conda's half, and its answer: most attempts ask the same of it.
    struct Selected {
        std::vector<SpecId> specs;
        CondaPreference preference;
        bool every_record = false;
        CondaSelection selection;
    };

    std::unique_ptr<CondaWorld> conda_;
    std::optional<Selected> selected_;  ///< the last one
    std::optional<CondaPart> part_;     ///< of `selected_`, once it was encoded
    std::shared_ptr<WheelCodes> codes_ = std::make_shared<WheelCodes>();
    std::unique_ptr<PypiWorld> pypi_;
    std::unique_ptr<Discovery> discovery_;
    std::unique_ptr<Rounds> rounds_;
    Windows windows_;
    SolveStats stats_;
    bool python_from_conda_ = false;
    std::optional<unsigned> bindings_major_;
    bool prereleases_allowed_ = false;
    std::vector<std::string> notes_;
};

/// The packages of an answer, with all that a lock keeps of them. Fails naming a wheel whose index states no
/// sha256.
Result<Solution> to_solution(TargetSolver& solver, const Solved& solved);

/// Why there is no solution, and which edits give one.
Result<Conflict> explain(TargetSolver& solver);

}  // namespace aimlock::engine
