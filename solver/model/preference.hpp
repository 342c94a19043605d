#pragma once

#include <string>

#include "solver/model/package_kind.hpp"

namespace aimlock {

/// A version that an answer should keep where it can: of the lock on a new solve, or of the answer for
/// another target. Soft: it decides which of several answers is taken, never whether there is one.
///
/// A preferred version counts as the best of its name, before every newer one; a direct requirement that has
/// its preferred version is as new as the objective wants it. A preference on a name or version that does not
/// exist, or that no requirement reaches, means nothing.
struct PreferredVersion {
    PackageKind kind = PackageKind::conda;
    std::string name;     ///< conda name, or normalised PyPI name
    std::string version;  ///< as published
    std::string build;    ///< conda: this build before others of the version; empty: no matter which

    friend bool operator==(const PreferredVersion&, const PreferredVersion&) = default;
};

}  // namespace aimlock
