#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"
#include "solver/model/metadata_source.hpp"
#include "solver/model/name_map.hpp"
#include "solver/model/repodata.hpp"
#include "solver/model/request.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// Solves one target over both worlds as one problem. `channels` are in priority order and hold the target's
/// platform and noarch; PyPI metadata is asked of `source` as the solver chooses. The outcome depends on the
/// arguments only, never on the order of replies. Fails when a document cannot be read; no solution is a
/// value (`Conflict`).
Result<Outcome> solve_target(const TargetRequest& request,
                             const SolveOptions& options,
                             const std::vector<Channel>& channels,
                             const NameMap& name_map,
                             MetadataSource& source,
                             Progress& progress);

/// True for the file name of a wheel that some Python of the target could use. Index pages are filtered by it
/// before anything else of a file is read: nine files of ten do not fit.
using WheelFilter = std::function<bool(std::string_view file_name)>;

/// The filter for all targets of a request together.
WheelFilter wheel_filter(const std::vector<TargetRequest>& targets, const std::vector<Channel>& channels);

}  // namespace aimlock
