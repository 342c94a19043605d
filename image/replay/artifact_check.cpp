#include "image/replay/artifact_check.hpp"

#include <string>

#include <fmt/core.h>

namespace aimlock {

Result<void> check_archives_only(const std::vector<const Package*>& packages) {
    std::string names;
    for (const Package* package : packages) {
        if (package->artifact == ArtifactKind::wheel) continue;
        names += fmt::format("{}{} {}{}", names.empty() ? "" : ", ", package->name, package->version,
                             package->artifact == ArtifactKind::git ? " (a git commit)" : "");
    }
    if (names.empty()) return {};
    return fail(ErrorCode::refused, "an image holds nothing that is built from source yet: " + names,
                "build a wheel of each once (`pip wheel --no-deps`), name its folder with `--find-links` or "
                "require it by its URL, and solve again");
}

}  // namespace aimlock
