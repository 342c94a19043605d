#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "solver/spec/requirement.hpp"

namespace aimlock::engine {

/// The CUDA major that an extra's name asks for: 13 of `cuda13`, `cu13`, `core-cu13`, `cuda13-local`.
std::optional<unsigned> cuda_major_of_extra(std::string_view normalized_extra);

/// True for an extra that asks for CUDA, with a major or without: `cuda13`, `cuda`, `and-cuda`, `gpu`, `ctk`.
/// A release that does not have it is another kind of build, and no way out of a conflict.
bool asks_for_cuda(std::string_view normalized_extra);

/// True when what an extra adds brings the CUDA that its name promises. jax 0.7.0 declares `cuda13` and adds
/// nothing to it.
bool keeps_cuda_promise(std::string_view normalized_extra, std::span<const Requirement> added);

}  // namespace aimlock::engine
