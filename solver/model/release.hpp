#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "solver/base/digest.hpp"
#include "solver/spec/direct_url.hpp"

namespace aimlock {

/// One file of an index page (PEP 503, 691, 700). Only wheels that some target accepts are kept, and archives
/// of sources only where they may be built. What a requirement names by its address is one, too.
struct WheelFile {
    std::string file_name;
    std::string url;                  ///< absolute, without fragment and credentials
    Sha256 sha256;                    ///< not known where the index states none
    std::uint64_t size_bytes = 0;     ///< 0: not stated
    std::string requires_python;      ///< empty: none stated
    std::int64_t upload_time_ms = 0;  ///< since 1970; 0: not stated
    bool yanked = false;
    std::string yanked_reason;
    bool has_core_metadata = false;  ///< PEP 658/714: `<url>.metadata` is announced
    Sha256 core_metadata_sha256;     ///< not known: announced without a hash
    ArtifactKind kind = ArtifactKind::wheel;
    bool direct = false;       ///< named by its address; no index lists it
    std::string subdirectory;  ///< where the project lies in its sources; empty: at their top
    std::string origin;        ///< where it comes from, if not from the page's index
};

/// Why a release has no usable wheel; kept so that a refusal can say it.
enum class UnusableReason : std::uint8_t { sdist_only, no_matching_wheel, after_cutoff, yanked };

/// What one index says of one name.
struct ProjectPage {
    std::string name;               ///< normalised
    std::string index;              ///< the simple index it came from, without credentials
    bool exists = false;            ///< false: no index has the name (HTTP 404 everywhere)
    std::vector<WheelFile> wheels;  ///< in the page's order
    /// Versions (as the file names spell them) without any kept wheel, sorted.
    std::vector<std::pair<std::string, UnusableReason>> unusable;
    std::string status;  ///< PEP 792; empty or "active", "archived", "quarantined", "deprecated"
};

/// The header fields of a METADATA document that a resolver reads.
struct CoreMetadata {
    std::string name;
    std::string version;
    std::vector<std::string> requires_dist;  ///< in document order
    std::string requires_python;
    std::vector<std::string> provides_extra;
    std::string license;                      ///< License-Expression, else empty
    std::vector<std::string> build_requires;  ///< of sources: what building them needs (PEP 518)
    std::string unusable;          ///< of sources: why nothing certain is known of them; empty: it is
    std::uint64_t file_bytes = 0;  ///< size of the file it was read from, where that was seen
};

/// What the pyproject.toml of a source tree says (PEP 518, 621).
struct SourceProject {
    bool has_project = false;          ///< `[project]` is there, with a name
    CoreMetadata metadata;             ///< of `[project]`; no version: it is dynamic
    std::vector<std::string> dynamic;  ///< what `[project]` leaves to the backend
    std::vector<std::string> build_requires;
    std::string build_backend;  ///< "module:object"
    std::vector<std::string> backend_path;
};
/// Reads a pyproject.toml; `file` names it in errors. An empty text is a tree without one: setuptools builds
/// it.
using SourceProjectReader =
    std::function<Result<SourceProject>(std::string_view text, const std::string& file)>;

}  // namespace aimlock
