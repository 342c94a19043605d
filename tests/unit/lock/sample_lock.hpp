#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lock/lockfile.hpp"

namespace aimlock::testing {

/// A lock of two targets, two sources and three packages that shows every kind of line.
Lock sample_lock();

/// A lock with random content that keeps every rule. The same seed gives the same lock.
Lock random_lock(std::uint32_t seed);

/// `text` with the first `from` replaced by `to`; fails the test where `from` does not occur.
std::string replaced(std::string text, std::string_view from, std::string_view to);

/// `text` with its `content` line made right for the rest, as someone who poisons a lock would.
std::string resealed(const std::string& text);

}  // namespace aimlock::testing
