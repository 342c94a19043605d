#pragma once

#include <vector>

#include "fetch/session.hpp"
#include "solver/model/gpu_code.hpp"
#include "solver/model/release.hpp"

namespace aimlock {

/// Reads what the libraries of a wheel say of CUDA, from a few MiB of it: the ZIP directory, then the
/// smallest libraries, and of big ones their beginning, where each translation unit's fatbin holds the whole
/// list. What was read is kept by the wheel's sha256 for ever. At most 24 requests and 32 MiB a wheel.
///
/// The libraries of NVIDIA and of the C++ runtime that a wheel bundles do not count: their code is not the
/// wheel's own. Their names tell the CUDA major.
///
/// Waits; not to be called on a worker.
Result<WheelCode> read_wheel_code(FetchSession& session, const WheelFile& wheel);
/// The same of several, in their order; what is no wheel has none.
std::vector<Result<WheelCode>> read_wheel_codes(FetchSession& session, const std::vector<WheelFile>& wheels);

}  // namespace aimlock
