#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/conda/repodata.hpp"

namespace aimlock {

/// The form in which the cache holds repodata: records and texts as they lie in memory, texts with a table to
/// find them by. To be counted up when the layout, or what is read of a record, changes.
std::string packed_repodata_form();

/// `warnings`: what reading the document had to say; said again whenever the packed form is opened.
std::string pack_repodata(Repodata repodata, const std::vector<std::string>& warnings);

/// Opens packed repodata without reading it: the tables view `packed`, which `held` keeps alive and which
/// begins at a multiple of 8. nullopt: it is damaged.
std::optional<Repodata> open_packed_repodata(std::string_view packed,
                                             std::shared_ptr<const void> held,
                                             const RepodataOrigin& origin,
                                             Log& log);

}  // namespace aimlock
