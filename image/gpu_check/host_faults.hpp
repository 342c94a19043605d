#pragma once

#include <optional>

#include "image/gpu_check/diagnosis.hpp"

namespace aimlock {

/// The first fault that the host's files show, in the order of cause and consequence: no driver before no
/// device nodes.
std::optional<GpuCheck> find_host_fault(const GpuHost& host, const Variables& variables);

/// The fault that the driver's answer shows.
std::optional<GpuCheck> find_driver_fault(const GpuHost& host,
                                          const DriverAnswer& driver,
                                          const Variables& variables);

}  // namespace aimlock
