#pragma once

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// Writes the goals of a trial into an encoded round: a solvable for each step, of which one must be
/// installed, and one for the limits, which is always there. What lies outside a limit conflicts with it. The
/// releases that steps want are in the windows already.
void write_goals(EncodedRound& round,
                 const CondaPart& conda,
                 const Goals& goals,
                 const ReleaseFilter& filter,
                 PypiWorld& pypi,
                 const Windows& windows);

/// The releases that a step wants, also those outside the window.
std::vector<ReleaseId> wanted_releases(const Step& step,
                                       const ReleaseFilter& filter,
                                       PypiWorld& pypi,
                                       const Windows& windows);

/// Removes from `answer` what nothing but the goals asks for: a step that wants a version of a name that the
/// rest of the answer has stopped to need is met by that version alone.
void drop_what_only_goals_want(const EncodedRound& round, std::vector<SolvableId>& installed);

}  // namespace aimlock::engine
