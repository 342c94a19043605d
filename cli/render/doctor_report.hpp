#pragma once

#include <span>
#include <string>

#include "cli/render/terminal.hpp"
#include "image/gpu_check/diagnosis.hpp"

namespace aimlock::cli {

/// "ready", "faults" or "unproven".
std::string_view doctor_status(std::span<const GpuCheck> checks);

/// A line a check, then what to do about the first fault.
std::string doctor_report(std::span<const GpuCheck> checks, const Painter& paint, std::size_t columns);

/// {"schema":1,"status","host":{…},"driver":{…},"gpus":[…],"checks":[{"name","level","fault"?,"message",
/// "help"?}]}
std::string doctor_document(const GpuHost& host,
                            const DriverAnswer& driver,
                            std::span<const GpuCheck> checks);

}  // namespace aimlock::cli
