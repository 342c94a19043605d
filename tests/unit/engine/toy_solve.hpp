#pragma once

#include <gmock/gmock.h>

#include "tests/support/toy_world.hpp"

namespace aimlock::testing {

/// A toy world, and what solving in it gives.
class ToySolve : public ::testing::Test {
protected:
    ToyWorld world;
    SolveOptions options;
    NameMap names = NameMap::built_in();

    /// The channels that are read for a request.
    [[nodiscard]] virtual std::vector<Channel> channels_for(const TargetRequest& /*request*/) const {
        return world.channels();
    }

    Outcome outcome(const TargetRequest& request) {
        world.reset();
        SilentProgress progress;
        auto result = solve_target(request, options, channels_for(request), names, world, progress);
        EXPECT_TRUE(result.has_value()) << result.error().message;
        return result ? *std::move(result) : Outcome{};
    }

    /// A solution that holds what it must; a failure and an empty one where there is none.
    Solution solved(const TargetRequest& request) {
        Outcome found = outcome(request);
        EXPECT_TRUE(std::holds_alternative<Solution>(found)) << std::get<Conflict>(found).explanation();
        if (!std::holds_alternative<Solution>(found)) return {};
        EXPECT_THAT(violations(world, request, std::get<Solution>(found), names), ::testing::IsEmpty());
        return std::get<Solution>(found);
    }
};

}  // namespace aimlock::testing
