#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "solver/base/digest.hpp"
#include "solver/model/metadata_source.hpp"
#include "solver/model/package_kind.hpp"
#include "solver/model/target.hpp"

namespace aimlock {

/// A package that was chosen, with all that replaying and checking it needs and no reference to where it was
/// read.
struct Package {
    PackageKind kind = PackageKind::conda;
    std::string name;     ///< conda name, or normalised PyPI name
    std::string version;  ///< as published
    std::string build;    ///< conda only
    std::uint64_t build_number = 0;
    std::string url;  ///< without credentials
    Sha256 sha256;    ///< always known in a lock
    std::uint64_t size_bytes = 0;
    std::string md5;
    std::string origin;                   ///< conda: the channel's name; PyPI: the index
    std::string subdir;                   ///< conda only
    std::vector<std::string> depends;     ///< conda `depends`, or `Requires-Dist`, as published, in order
    std::vector<std::string> constrains;  ///< conda only
    std::vector<std::string> extras;      ///< PyPI extras that are in use, sorted
    std::vector<std::string> provides;  ///< conda: PyPI distributions it stands for, "numpy==1.26.4", sorted
    std::string requires_python;        ///< PyPI only
    std::string noarch;                 ///< "", "generic" or "python"
    std::string python_site_packages_path;
    std::string license;
    std::string track_features;
    std::uint64_t timestamp_ms = 0;
    bool yanked = false;
    bool prerelease = false;
    ArtifactKind artifact =
        ArtifactKind::wheel;                  ///< PyPI only; what is no wheel is built when it is installed
    std::vector<std::string> build_requires;  ///< of what is built, as published
    bool direct = false;                      ///< PyPI only: asked for by its address
    std::string subdirectory;                 ///< of what is built: where the project lies in its sources

    friend bool operator==(const Package&, const Package&) = default;
};

struct SolveStats {
    std::uint64_t rounds = 0;  ///< until the first answer; those of trials are not among them
    FetchCounts fetched;
    std::uint64_t metadata_documents = 0;  ///< read, from wherever; a request may need several for one
    std::uint64_t trials = 0;              ///< solves of the objective
    std::uint64_t trial_rounds = 0;
    bool objective_complete = true;  ///< no better answer exists: every trial that says so was made
    std::uint64_t solvables = 0;     ///< of the largest pool
    double solve_ms = 0;             ///< in libsolv
    double objective_ms = 0;         ///< spent on the objective's trials
};

/// What an answer means for drivers and GPUs.
struct CudaFacts {
    unsigned major = 0;  ///< the CUDA that its packages are made for; 0: none
    std::string driver;  ///< "12.2", the oldest CUDA that a driver must support; empty: any, or none
    std::vector<std::string> gpus;  ///< compute capabilities that every package whose code is known has code
                                    ///< for, on the target's driver, ascending; empty: of none it is known

    friend bool operator==(const CudaFacts&, const CudaFacts&) = default;
};

/// The answer for one target. Packages are sorted: conda before PyPI, then by name.
struct Solution {
    Target target;
    std::string python_version;  ///< full version of the environment's Python; empty: none
    std::vector<Package> packages;
    CudaFacts cuda;
    std::vector<std::string> notes;     ///< what people should know: a pre-release used, …
    std::vector<std::string> warnings;  ///< what may not be what they want: a CPU build on a GPU target, …
    SolveStats stats;
};

/// An edit of one requirement that makes the request solvable.
struct Repair {
    std::string change;     ///< "numpy >=2 -> numpy >=1.26.4,<2"
    SourcePos pos;          ///< of the requirement it edits
    bool verified = false;  ///< the whole request was solved again with it
};

/// No solution exists: an answer, not an error.
struct Conflict {
    Target target;
    std::vector<std::string> requirements;  ///< the minimal core, each with its world: "conda: numpy >=2"
    std::vector<SourcePos> positions;       ///< of `requirements`, same order
    std::vector<std::string> chain;  ///< one sentence a line, from the requirements to the contradiction
    std::vector<Repair> repairs;     ///< best first
    SolveStats stats;

    /// The chain as one text.
    [[nodiscard]] std::string explanation() const;
};

using Outcome = std::variant<Solution, Conflict>;

}  // namespace aimlock
