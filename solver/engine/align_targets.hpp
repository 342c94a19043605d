#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "solver/engine/solve.hpp"

namespace aimlock {

/// A package whose version is not the same for all targets that have it.
struct Apart {
    PackageKind kind = PackageKind::conda;
    std::string name;
    std::vector<std::pair<std::string, std::string>>
        versions;        ///< target and version, in the request's order
    std::string reason;  ///< empty: it was not looked for
};

/// The answers for all targets of a request.
struct AlignedOutcomes {
    std::vector<Outcome> outcomes;  ///< in the request's order
    std::vector<Apart> apart;       ///< what is asked for by name first, then by name
};

/// Solves every target of `request`, each as one problem of its own, so that they agree in versions where
/// they can. `first` (a position) is solved as if it were alone; the others keep what it has where they can.
/// Then, for requirements asked for by name, an older version that all of them can have is taken where it
/// lies within the same major version. `source_of` gives the index as a target sees it.
Result<AlignedOutcomes> solve_targets(const Request& request,
                                      std::size_t first,
                                      const std::vector<Channel>& channels,
                                      const NameMap& name_map,
                                      const std::function<MetadataSource&(std::size_t)>& source_of,
                                      Progress& progress);

}  // namespace aimlock
