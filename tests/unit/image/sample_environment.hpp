#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lock/lockfile.hpp"

namespace aimlock::testing {

/// A conda package with a plausible record.
Package conda_package(const std::string& name,
                      std::uint64_t size_bytes,
                      std::vector<std::string> depends = {});

/// A wheel; pure ones end in -none-any.whl.
Package wheel(const std::string& name, std::uint64_t size_bytes, bool pure = true);

/// A lock of the target "gpu" (linux-64, CUDA 12.2) over `packages`, sorted as locks are; Python 3.12 where
/// "python" is among them.
Lock lock_of(std::vector<Package> packages,
             const std::vector<std::string>& asked_conda = {},
             const std::vector<std::string>& asked_pypi = {});

/// A small environment with one of each: interpreter, CUDA library, noarch package, wheels, JupyterLab.
Lock small_lock();

/// 600 packages of about the sizes of a real GPU environment (5 GiB).
Lock large_lock();

}  // namespace aimlock::testing
