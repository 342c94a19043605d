#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/layers.hpp"
#include "image/oci/push_image.hpp"
#include "image/oci/write_oci_image.hpp"
#include "image/replay/install.hpp"
#include "lock/audit.hpp"
#include "solver/base/result.hpp"
#include "solver/engine/align_targets.hpp"
#include "solver/model/solution.hpp"

namespace aimlock::cli {

// Every document is one line of JSON with "schema": 1. Keys are added, never renamed or retyped within a
// schema.

/// {"schema":1,"status":"solved","targets":[…],"stats":{…}}; versions that targets do not share add "apart".
std::string solved_document(std::span<const Solution> solutions,
                            std::span<const Apart> apart,
                            double wall_ms);
/// {"schema":1,"status":"unsatisfiable","conflict":{…}}; more than one conflict adds "conflicts".
std::string unsatisfiable_document(std::span<const Conflict> conflicts);
/// {"schema":1,"status":"error","error":{…}}; more than one error adds "errors".
std::string error_document(std::span<const Error> errors);
/// {"schema":1,"status":"fresh"|"stale","changes":[…]}
std::string locked_document(std::span<const std::string> changes);
/// {"schema":1,"status":"installed"|"edited","packages","bytes","seconds","from_store",…}
std::string install_document(const InstallReport& report, double seconds);
/// {"schema":1,"status":"clean"|"drift","findings":[…]}
std::string audit_document(std::span<const DriftFinding> findings);
/// {"schema":1,"status":"vendored","packages","bytes","seconds","from_store"}
std::string vendor_document(std::uint64_t packages,
                            std::uint64_t from_store,
                            std::uint64_t bytes,
                            double seconds);

/// What lies in the cache, and what was done about it.
struct CacheTotals {
    struct Kind {
        std::string name;
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
    };
    std::string folder;
    std::vector<Kind> kinds;
    std::vector<std::string> damaged;
    std::uint64_t removed = 0;
    std::uint64_t freed_bytes = 0;
};
/// {"schema":1,"status":"shown"|"whole"|"damaged"|"pruned","folder","kinds":{"pages":{"files","bytes"},…},
/// "bytes","damaged":[…]?,"removed"?,"freed_bytes"?}
std::string cache_document(const char* status, const CacheTotals& totals);

/// {"schema":1,"status":"planned","target","layers":[…]}; `previous` says which layers a rebuild ships.
std::string plan_document(const LayerPlan& plan, const LayerPlan* previous);
/// {"schema":1,"status":"written","target","files":[…],"layers","warnings":[…]}
std::string image_document(const LayerPlan& plan,
                           std::span<const std::string> files,
                           std::span<const std::string> warnings);
/// {"schema":1,"status":"written","target","digest","base_layers","layers":[{"id","digest","diff_id","size",
/// "packages":[…]}],"bytes","new_bytes","reused","warnings":[…]}
std::string oci_document(const std::string& target,
                         const WrittenImage& image,
                         std::span<const std::string> warnings);

/// {"schema":1,"status":"pushed","reference","digest","present","mounted","uploaded","bytes"}
std::string push_document(const std::string& reference, const PushedImage& pushed);

/// "error", "warn" or "note".
std::string_view finding_level_name(FindingLevel level);

/// True for a finding that makes the answer of an audit "drift": notes do not.
bool is_drift(const DriftFinding& finding);

}  // namespace aimlock::cli
