#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "solver/base/digest.hpp"

namespace aimlock {

/// One file of an index page (PEP 503, 691, 700). Only wheels that some target accepts are kept.
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
    std::string license;  ///< License-Expression, else empty
};

}  // namespace aimlock
