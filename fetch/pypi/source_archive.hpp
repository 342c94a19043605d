#pragma once

#include <string>
#include <string_view>

#include "solver/base/result.hpp"
#include "solver/model/release.hpp"

namespace aimlock {

/// The documents of sources that say what they are, of the folder that the project lies in.
struct SourceDocuments {
    std::string pkg_info;       ///< empty: there is none, as in a repository
    std::string pyproject;      ///< empty: there is none
    bool has_setup_py = false;  ///< the oldest way to say how to build
};

/// Finds them in an archive, `.zip` or `.tar.gz` by `file_name`, or `.tar`: one folder at its top, and the
/// project in it or in its `subdirectory`. Fails with code `archive` on what `fetch/archive` refuses, on
/// several folders at the top, on a document that stands twice, and where there is no project.
Result<SourceDocuments> read_source_documents(std::string_view bytes,
                                              std::string_view file_name,
                                              const std::string& subdirectory);

/// What is certain of sources without running them: the fields of a PKG-INFO that says so (PEP 643: version
/// 2.2 or later, nothing of it `Dynamic`), else those of `[project]` in pyproject.toml as far as they are not
/// `dynamic` (PEP 621). Where neither is certain, `unusable` says why. `what` names the sources in errors.
CoreMetadata static_metadata(const SourceDocuments& documents,
                             const SourceProjectReader& read_project,
                             const std::string& what);

}  // namespace aimlock
