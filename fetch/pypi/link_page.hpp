#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fetch/pypi/simple_page.hpp"
#include "fetch/session.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// A page of a server that links to files of any projects (`find-links`), and what it lists.
struct LinkPage {
    std::string origin;                                   ///< "https://host": where its files come from
    std::map<std::string, std::vector<WheelFile>> files;  ///< by normalised project, in the page's order
};

/// Reads such a page through the cache. HTML; the last part of a link's address is the file's name, whatever
/// the link's text is. `url` without credentials. Waits; not to be called on a worker.
Result<std::shared_ptr<const LinkPage>> read_link_page(FetchSession& session, const std::string& url);

/// Adds the files of `page`'s project that a link page lists, as far as the filter takes them. A server's
/// page states no upload times, so that a cut-off takes none of them, as of an index.
void add_files_of_page(const LinkPage& links, const PageFilter& filter, ProjectPage& page);

}  // namespace aimlock
