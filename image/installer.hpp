#pragma once

#include <filesystem>
#include <string_view>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Checks that `program` can run in a base image of any age: an ELF program for `platform` ("linux-64") that
/// asks for no dynamic loader. Returns the digest of its bytes; fails naming what is wrong and how to build
/// the right one.
Result<Sha256> check_installer(const std::filesystem::path& program, std::string_view platform);

}  // namespace aimlock
