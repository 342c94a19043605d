#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "solver/engine/encoding.hpp"
#include "solver/engine/prune.hpp"
#include "solver/engine/target_solver.hpp"
#include "solver/engine/unusable.hpp"

namespace aimlock::engine {

/// Words for the solvables and keys of an encoded round, as people know them: names, versions, worlds.
class ReasonText {
public:
    ReasonText(TargetSolver& solver, const EncodedRound& round) : solver_(solver), round_(round) {}

    /// "thinc 8.2.5 (PyPI)", "pytorch 2.10.0 (conda)".
    std::string solvable(SolvableId id) const;
    /// The name alone: "numpy".
    std::string name(SolvableId id) const;
    /// What a key asks for: "numpy <2.0.0,>=1.19.0", "`__cuda` (a CUDA driver)".
    std::string key(KeyId id) const;
    /// The candidates of a key that are left (or, of a dead key, all): "every release of mlflow that fits
    /// `<3`".
    std::string candidates(KeyId id, const Pruning& pruning) const;
    /// The providers of `key` that died as `death` did.
    std::string providers_dead_by(KeyId key, const Death& death, const Pruning& pruning) const;
    /// Who makes `key` necessary: the manifest's own words, or the candidates that need it.
    std::string asker(KeyId key, const Pruning& pruning) const;
    /// `id` would have to meet both keys.
    std::string both(SolvableId id, KeyId one, KeyId other) const;
    /// Why nothing at all provides a key: sdists only, no driver, no wheel for the Python, no such version.
    std::string nothing_provides(KeyId id) const;
    /// True for a Python under which a conditional requirement does not hold: no candidate in people's eyes.
    bool is_way_out(KeyId key, SolvableId provider) const;
    /// True once a text spoke of a CUDA driver or major.
    [[nodiscard]] bool names_cuda() const { return names_cuda_; }
    /// What of the target the texts so far put the blame on.
    [[nodiscard]] const Unusable& blamed() const { return blamed_; }
    /// Why `others` cannot be there with `by`, which conflicts with them by the key `conflict`.
    std::string excluded(SolvableId by, KeyId conflict, const std::string& others) const;

private:
    std::string version_range(const std::vector<SolvableId>& solvables, bool all) const;
    std::pair<std::optional<std::string>, std::optional<std::string>> newest_and_oldest(
        const std::vector<SolvableId>& solvables) const;
    std::string blame(Unusable unusable) const;
    std::string dependency_text(const PypiDependency& dependency) const;
    std::string lack_of_cuda(unsigned major, const std::string& driver) const;
    std::string refused_build(const KeyMeaning& meaning) const;

    TargetSolver& solver_;
    const EncodedRound& round_;
    mutable bool names_cuda_ = false;
    mutable Unusable blamed_;
};

}  // namespace aimlock::engine
