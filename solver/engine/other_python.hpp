#pragma once

#include <memory>
#include <optional>
#include <string>

#include "solver/engine/target_solver.hpp"

namespace aimlock::engine {

/// The request of a solver with any Python that its channels have: what if its bound on Python were not
/// there?
class OtherPython {
public:
    /// nullopt where the request has no bound on conda's Python, or the source cannot read pages anew.
    static std::optional<OtherPython> of(TargetSolver& solver);

    /// Whether `core`, less what it says of Python, has a solution with another Python.
    bool solves(const Roots& core);
    /// Solves the whole request; nullopt: with no Python.
    Result<std::optional<Solved>> attempt();
    /// Whether the whole request has a solution with `python`.
    bool solves_whole(const CondaRoot& python);
    [[nodiscard]] const CondaRoot& bound() const { return bound_; }
    /// The Python of the last solution: "Python 3.12".
    [[nodiscard]] const std::string& found() const { return found_; }
    [[nodiscard]] const std::string& minor() const { return minor_; }

private:
    void note_python(const Solved& solved);

    CondaRoot bound_;
    std::unique_ptr<TargetRequest> request_;
    std::unique_ptr<MetadataSource> source_;
    std::unique_ptr<TargetSolver> solver_;
    std::string found_;
    std::string minor_;
};

}  // namespace aimlock::engine
