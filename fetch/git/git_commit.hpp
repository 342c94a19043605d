#pragma once

#include <string>

#include "fetch/session.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// The tree of one commit as its canonical tar (tree_archive.hpp). `locked` is a lock's address,
/// "git+https://host/repository@<commit>". Only that commit is fetched where the server can give it alone.
/// Files are as the repository holds them: no filter, no attribute and no submodule takes part. Fails naming
/// what git complained of, and on submodules, which are other repositories that nobody pinned here.
Result<std::string> fetch_commit(FetchSession& session, const std::string& locked);

}  // namespace aimlock
